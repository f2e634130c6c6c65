"""The class activation methods that a `TorchClassifier` may explain itself with; torch is imported when one is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cxrdesk.imaging.errors import UserError

if TYPE_CHECKING:
    import torch

NOT_APPLICABLE = "method-not-applicable"
"""Code of the error of a method that a network is not built for."""
SCORE_CAM_CHANNELS = 64
"""Most channels that Score-CAM takes, the strongest first: each costs a forward pass."""


@dataclass(frozen=True, kw_only=True)
class CamMethod:
    """One method.

    Parameters
    ----------
    key : str
        What ``TorchClassifier.cam_method`` names.
    name, source : str
        For reports.
    module, maker : str
        Where its class is.
    """

    key: str
    name: str
    source: str
    maker: str
    module: str = "pytorch_grad_cam"


METHODS = {
    method.key: method
    for method in (
        CamMethod(key="hirescam", name="HiResCAM", source="Draelos and Carin 2020, arXiv 2011.08891", maker="HiResCAM"),
        CamMethod(key="gradcam", name="Grad-CAM", source="Selvaraju et al. 2017, arXiv 1610.02391", maker="GradCAM"),
        CamMethod(
            key="gradcam++",
            name="Grad-CAM++",
            source="Chattopadhay et al. 2018, arXiv 1710.11063",
            maker="GradCAMPlusPlus",
        ),
        CamMethod(
            key="cam",
            name="Class activation map",
            source="Zhou et al. 2016, arXiv 1512.04150",
            maker="ClassActivationMap",
            module="cxrdesk.api.cams",
        ),
        CamMethod(
            key="scorecam",
            name="Score-CAM",
            source="Wang et al. 2020, arXiv 1910.01279",
            maker="StrongestScoreCam",
            module="cxrdesk.api.cams",
        ),
    )
}


def known(key: str) -> CamMethod:
    """The method of that key.

    Raises
    ------
    UserError
        ``"unknown-method"``.
    """
    if key not in METHODS:
        raise UserError("unknown-method", f"there is no saliency method {key!r}; known are {', '.join(METHODS)}")
    return METHODS[key]


def cam(key: str, model: torch.nn.Module, layer: torch.nn.Module) -> Any:
    """A grad-cam object of that method, hooked to the layer.

    Raises
    ------
    UserError
        ``"unknown-method"``.
    """
    method = known(key)
    from pytorch_grad_cam.base_cam import BaseCAM

    maker = getattr(import_module(method.module), method.maker)
    if not issubclass(maker, BaseCAM):
        maker = type(method.maker, (maker, BaseCAM), {})
    return maker(model, [layer])
