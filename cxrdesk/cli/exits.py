"""Exit codes, and the one place where an exception becomes one."""

from __future__ import annotations

from enum import IntEnum

from cxrdesk.imaging.errors import UserError


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    """All done. A film that the gate refuses is a result, not an error."""
    PARTLY = 1
    """Some films, detectors or plugins failed; everything else is done."""
    USAGE = 2
    """Wrong usage: an unknown command, option, name or value."""
    NO_FILM = 3
    """Nothing could be read: no film, no data, or not enough of it."""
    NO_PLUGIN = 4
    """No usable plugin is installed."""
    FAULT = 70
    """A fault of cxrdesk itself (EX_SOFTWARE of sysexits.h)."""
    CANCELLED = 130
    """Ctrl-C."""


HELP = """Exit codes: 0 all done (a film refused by the gate is a result, not an error); 1 some films, detectors or
plugins failed, all else is done; 2 wrong usage; 3 nothing could be read, or too little; 4 no usable plugin; 70 a fault
of cxrdesk itself; 130 Ctrl-C."""

_WORDS = {
    Exit.PARTLY: "not-written no-display method-not-applicable"
    # Packages that may not be installed, or not now.
    " busy check-failed dependency-conflict disk-full downgrade golden-differs id-taken not-as-promised"
    " publisher-changed same-version wrong-api wrong-python",
    Exit.USAGE: "usage unknown-name unknown-finding unknown-method missing-extra bad-name bad-plugin bad-ranges"
    " file-exists not-raised"
    " age-contradicts view-contradicts already-installed known-publisher no-previous unknown-plugin unknown-publisher",
    Exit.NO_FILM: "no-data no-films no-labels no-samples one-class too-small undefined separated no-rise no-saliency"
    " no-regions too-few-draws too-few-films diverged bad-table bad-mask bad-films bad-weights unsafe-weights"
    " unknown-weights bad-zip unsafe-zip"
    " duplicate-film leaking-patient missing-film"
    # Files of films.
    " bad-outline other-film changed colour corrupt dicomdir is-a-folder missing-file multi-frame no-frame no-pixels"
    " not-a-film not-a-presentation-state not-a-radiograph not-an-image not-dicom too-large truncated unreadable"
    " state-too-wide state-without-film unsupported-pixels unsupported-transfer-syntax"
    # Packages.
    " bad-index bad-key bad-package bad-publishers bad-signature bad-state bad-wheel build-failed false-publisher"
    " no-package no-plugin-source not-stated part-changed"
    # Bundles.
    " bad-network no-layer other-network other-outputs"
    " bundle-broken bundle-format bundle-incomplete golden-broken golden-changed manifest-changed"
    " weights-changed",
    Exit.NO_PLUGIN: "no-plugin no-segmenter",
}
_CODES = {code: end for end, words in _WORDS.items() for code in words.split()}


def exit_code(error: UserError) -> Exit:
    """The exit code of an error that ends a command."""
    return _CODES.get(error.code, Exit.PARTLY)
