"""A number to type: what cannot be meant is refused in a sentence, never changed in silence."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QWidget


class NumberField(QDoubleSpinBox):
    """As Qt's own, which drops a minus sign or a digit too many while they are typed: "-5" would become 5.

    Parameters
    ----------
    name : str
        What the number is, as a sentence begins.
    least, most : float
    decimals : int
    """

    refused = Signal(str)
    """Why what was typed is not used; the number before stays."""
    accepted = Signal()
    """What is typed is a number that may be."""

    def __init__(
        self, name: str, *, least: float, most: float, decimals: int = 1, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self.setAccessibleName(name)
        self.setDecimals(decimals)
        self.setRange(least, most)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(80)
        self.lineEdit().textEdited.connect(lambda _text: self.accepted.emit())

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Anything may be typed; only a number within the limits is taken."""
        value = self._number(text)
        held = value is not None and self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if held else QValidator.State.Intermediate), text, pos

    def fixup(self, text: str) -> str:
        """Called with what may not be, once it is entered: the number before comes back."""
        value = self._number(text)
        if value is None:
            self.refused.emit(f"{self._name}: “{text.strip()[:20]}” is no number.")
        elif value < self.minimum():
            self.refused.emit(f"{self._name} must be at least {self.minimum():g}.")
        elif value > self.maximum():
            self.refused.emit(f"{self._name} must be at most {self.maximum():g}.")
        return text

    def _number(self, text: str) -> float | None:
        value, read = self.locale().toDouble(text.strip())
        if not read:
            try:
                value, read = float(text), True  # a point where the system writes a comma
            except ValueError:
                return None
        return value if abs(value) < float("inf") else None

    def valueFromText(self, text: str) -> float:
        """The number; called with what `validate` accepts."""
        value = self._number(text)
        return self.value() if value is None else value
