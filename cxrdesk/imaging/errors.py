"""The one error type whose text is shown to the user as it is."""

from __future__ import annotations


class UserError(Exception):
    """A mistake or a condition outside cxrdesk, in one sentence for the user.

    Parameters
    ----------
    code : str
        Stable, lower-case code with hyphens, for JSON output and tests.
    text : str
        One clear sentence: what is wrong with which file, and what to do.
        Never holds a patient's name, identifier or birth date.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class FilmError(UserError):
    """A file that cannot be read as a radiograph."""
