"""Whether a small classifier tells phantoms from real films at 64 pixels.

Both go the same way: squeezed to the data set's stored size, stored as JPEG as those files are, reduced to 64 x 64 and
each brought to zero mean and unit variance. The figure is the area under the ROC curve on films that the classifier
has not seen; 0.5 would be "cannot tell". It is told, not judged: there is no bar that it could honestly be held to.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from cxrdesk.imaging.phantom.batch import Order, computed, drawn, grey
from tests.bench.report import Line

SIDE = 64
COUNT = int(os.environ.get("CXRDESK_REALISM_FILMS", "500"))
EPOCHS = 12
GROUPS = {
    "children, frontal": ("child-ap", "kermany", 224),
    "adults, frontal": ("chest-pa chest-ap", "nih/images", 512),
}


def _reduced(picture: np.ndarray, stored_side: int) -> np.ndarray:
    squeezed = cv2.resize(picture, (stored_side, stored_side), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", squeezed, [cv2.IMWRITE_JPEG_QUALITY, 90])
    small = cv2.resize(cv2.imdecode(encoded, 0), (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return (small - small.mean()) / max(float(small.std()), 1.0)


def _phantom(task: tuple[str, int, int, str]) -> np.ndarray:
    kinds, number, stored_side, variant = task
    cv2.setNumThreads(1)
    kind = kinds.split()[number % len(kinds.split())]
    names = ("opacity", "consolidation", "effusion", "cardiomegaly", "edema", "atelectasis", "pneumothorax")
    findings = tuple((name, None) for name in names)
    order = Order(kinds=(kind,), findings=findings, prevalence=0.1, size=384, seed=77, variant=variant)
    return _reduced(grey(computed(drawn(order, number, kind))), stored_side)


def films(group: str, data: Path, variant: str = "mild", count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """(n, 64, 64) real films and as many phantoms."""
    kinds, folder, stored_side = GROUPS[group]
    files = sorted(path for path in (data / folder).rglob("*") if path.suffix in (".jpeg", ".jpg", ".png"))
    chosen = np.random.default_rng(1).permutation(len(files))[:count]
    real = [_reduced(cv2.imread(str(files[int(i)]), cv2.IMREAD_GRAYSCALE), stored_side) for i in chosen]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        made = list(pool.map(_phantom, [(kinds, n, stored_side, variant) for n in range(len(real))], chunksize=20))
    return np.stack(real), np.stack(made)


def convolutional_auc(real: np.ndarray, made: np.ndarray, seed: int = 0) -> float:
    """AUC on the held-out third of a network of three convolutions."""
    import torch
    from sklearn.metrics import roc_auc_score
    from torch import nn

    torch.manual_seed(seed)
    x = torch.from_numpy(np.concatenate([real, made]).astype(np.float32))[:, None]
    y = torch.cat([torch.zeros(len(real)), torch.ones(len(made))])
    order = torch.randperm(len(y))
    train, test = order[: 2 * len(y) // 3], order[2 * len(y) // 3 :]
    layers: list[nn.Module] = []
    for before, after in ((1, 12), (12, 24), (24, 32)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    for _ in range(EPOCHS):
        net.train()
        for batch in train[torch.randperm(len(train))].split(32):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(x[batch])[:, 0], y[batch]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        return float(roc_auc_score(y[test], net(x[test])[:, 0]))


def linear_auc(real: np.ndarray, made: np.ndarray) -> float:
    """The same of a logistic regression on 16 x 16 means."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    x = np.concatenate([real, made]).reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4)).reshape(-1, 256)
    y = np.r_[np.zeros(len(real)), np.ones(len(made))]
    told = cross_val_predict(LogisticRegression(C=0.05, max_iter=2000), x, y, cv=5, method="decision_function")
    return float(roc_auc_score(y, told))


def run() -> Iterator[Line]:
    """For each group that CXRDESK_DATA holds."""
    data = Path(os.environ.get("CXRDESK_DATA", ""))
    for group, (_, folder, _) in GROUPS.items():
        if not os.environ.get("CXRDESK_DATA") or not (data / folder).is_dir():
            continue
        for variant in ("mild", "strong"):
            real, made = films(group, data, variant)
            network, linear = convolutional_auc(real, made), linear_auc(real, made)
            yield Line(
                what=f"phantom or real, {group}, {variant}: AUC of a small network at {SIDE} px",
                value=network,
                bar=1.0,
                unit="",
                told=f"logistic regression on 16 x 16: {linear:.3f}; {len(real)} real films, {len(made)} phantoms",
            )
