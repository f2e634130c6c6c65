"""The results that belong to some pixels: whoever draws on a film asks here, by the digest of what he draws on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.ui.session import FilmState

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import MaskResult, SaliencyResult


def masks_of(state: FilmState, digest: str) -> tuple[MaskResult, ...]:
    """Masks of a film that were made of the pixels with that digest."""
    return tuple(result for result in state.masks.values() if result.mask is not None and result.film == digest)


def maps_of(state: FilmState, digest: str | None) -> dict[tuple[str, str], SaliencyResult]:
    """Saliency maps of a film over the pixels with that digest, by detector id and finding.

    A detector over several films gives a map for each; only this film's own are among them.
    """
    found = {}
    for detector in state.detectors.values():
        for finding in detector.findings:
            for saliency in finding.saliency:
                if detector.films[saliency.map.film] == digest:
                    found[detector.spec.id, finding.finding] = saliency
    return found
