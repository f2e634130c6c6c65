"""The lung segmenter as cxrdesk sees it."""

from __future__ import annotations

from pathlib import Path

from cxrdesk.api import Segmenter, SegmenterSpec, hookimpl
from cxrdesk_lungmask.model import LungMaskModel

CXRDESK_API = "1.0"


class LungMask(LungMaskModel):
    """The shipped weights."""

    spec = SegmenterSpec.from_bundle(Path(__file__).parent / "bundle")


@hookimpl
def cxrdesk_segmenters() -> list[type[Segmenter]]:
    """The plugin's segmenter."""
    return [LungMask]
