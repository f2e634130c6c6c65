"""A deep convolutional GAN (Radford, Metz and Chintala 2016, arXiv 1511.06434) that learns films of one class.

Their choices: strided and transposed convolutions, batch normalisation, ReLU in the generator and leaky ReLU in the
discriminator, tanh at the end, Adam at 2e-4 with a momentum of 0.5, weights begun with a deviation of 0.02. Ours beside
theirs: narrower, since films are few; labels of real films smoothed to 0.9 (Salimans et al. 2016, arXiv 1606.03498).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reproductions.learning import half

LATENT = 64
SMOOTHED = 0.9


@dataclass(frozen=True, kw_only=True)
class Rivalry:
    """How generator and discriminator learn.

    Parameters
    ----------
    steps, batch : int
    width : int
        Channels before the last layer; twice as many before each layer above it.
    """

    steps: int = 1500
    batch: int = 16
    width: int = 16
    rate: float = 2e-4
    momentum: float = 0.5


def generator(side: int, width: int) -> nn.Sequential:
    """From (n, LATENT, 1, 1) to films (n, 1, side, side), -1..1; `side` is 4 times a power of 2."""
    doublings = _doublings(side)
    channels = width << (doublings - 1)
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, channels, 4, bias=False), *_after(channels)]
    for _ in range(doublings - 1):
        layers += [nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False), *_after(channels // 2)]
        channels //= 2
    layers += [nn.ConvTranspose2d(channels, 1, 4, 2, 1), nn.Tanh()]
    return _begun(nn.Sequential(*layers))


def discriminator(side: int, width: int) -> nn.Sequential:
    """From films (n, 1, side, side), -1..1, to one logit each: whether it is real."""
    channels = width
    layers: list[nn.Module] = [nn.Conv2d(1, channels, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for _ in range(_doublings(side) - 1):
        layers += [nn.Conv2d(channels, channels * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(channels * 2)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
        channels *= 2
    return _begun(nn.Sequential(*layers, nn.Conv2d(channels, 1, 4), nn.Flatten()))


def _doublings(side: int) -> int:
    doublings = (side // 4).bit_length() - 1
    if side != 4 << doublings or doublings < 1:
        raise ValueError(f"the side must be 8, 16, 32 and so on, not {side}")
    return doublings


def _after(channels: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(channels), nn.ReLU(inplace=True)


def _begun(network: nn.Sequential) -> nn.Sequential:
    for part in network.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(part.weight, 0.0, 0.02)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1.0, 0.02)
    return network.to(memory_format=torch.channels_last)


def learnt(pixels: NDArray[np.uint8], how: Rivalry, seed: int, told: str) -> nn.Sequential:
    """A generator of films like those given, uint8 (n, side, side)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    side = pixels.shape[1]
    maker, judge = generator(side, how.width), discriminator(side, how.width)
    first, second = (
        torch.optim.Adam(part.parameters(), lr=how.rate, betas=(how.momentum, 0.999)) for part in (maker, judge)
    )
    batch = min(how.batch, len(pixels))
    for step in range(how.steps):
        some = pixels[rng.choice(len(pixels), batch, replace=False)]
        real = torch.from_numpy(some).to(torch.float32).div_(127.5).sub_(1).unsqueeze(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=half()):
            made = maker(torch.randn(batch, LATENT, 1, 1))
            true, false = judge(real).float(), judge(made.detach()).float()
        judged = _against(true, SMOOTHED) + _against(false, 0.0)
        second.zero_grad()
        judged.backward()
        second.step()
        with torch.autocast("cpu", torch.bfloat16, enabled=half()):
            believed = judge(made).float()
        fooled = _against(believed, 1.0)
        first.zero_grad()
        fooled.backward()
        first.step()
        if (step + 1) % 250 == 0:
            print(f"{told}: step {step + 1} of {how.steps}, discriminator {float(judged.detach()):.3f}, "
                  f"generator {float(fooled.detach()):.3f}", file=sys.stderr, flush=True)  # fmt: skip
    return maker


def _against(logits: torch.Tensor, wanted: float) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, wanted))


def made_by(maker: nn.Sequential, count: int, seed: int, batch: int = 64) -> NDArray[np.uint8]:
    """Films (count, side, side); normalised by the means of training, as an evaluated network is."""
    maker.eval()
    noise = torch.randn(count, LATENT, 1, 1, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        films = torch.cat([maker(noise[k : k + batch]) for k in range(0, count, batch)])
    return ((films[:, 0] + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8).numpy()
