"""A number to type: what cannot be meant is refused in a sentence, never changed in silence."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator
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
    """Why what was entered is not used; it stays in the field, to be mended."""
    given_up = Signal(str)
    """The same for what was left standing and not entered; the number before is back."""
    accepted = Signal()
    """What stands in the field is a number that may be, or is being typed."""
    entered = Signal()
    """The field is done with: by Enter with a number, or by Escape with the one before."""

    def __init__(
        self, name: str, *, least: float, most: float, decimals: int = 1, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._told = False
        self.setAccessibleName(name)
        self.setDecimals(decimals)
        self.setRange(least, most)
        self.setKeyboardTracking(False)
        self.setMinimumWidth(80)
        self.lineEdit().textEdited.connect(self._on_typed)

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Anything may be typed; only a number within the limits is taken."""
        value = self._number(text)
        held = value is not None and self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if held else QValidator.State.Intermediate), text, pos

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the number or refuses what is none; Escape brings back the one before."""
        if event.key() == Qt.Key.Key_Escape:
            self.setValue(self.value())
            self.accepted.emit()
            self.entered.emit()
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif why := self._why_not():
            self._told = True
            self.selectAll()
            self.refused.emit(why)
        else:
            super().keyPressEvent(event)
            self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What is no number does not stay."""
        why = "" if self._told else self._why_not()
        super().focusOutEvent(event)
        self._back(why)

    def stepBy(self, steps: int) -> None:
        """From the number before, where what is typed is none."""
        why = "" if self._told else self._why_not()
        super().stepBy(steps)
        self._back(why)

    def _back(self, why: str) -> None:
        self._told = False
        self.accepted.emit()
        if why:
            self.given_up.emit(f"{why.removesuffix('.')}; {self.text()} stays.")

    def _on_typed(self) -> None:
        self._told = False
        self.accepted.emit()

    def _why_not(self) -> str:
        """Why what is typed cannot be used; empty where it can."""
        text = self.text()
        value = self._number(text)
        if value is None:
            return f"{self._name}: “{text.strip()[:20]}” is no number."
        if value < self.minimum():
            return f"{self._name} must be at least {self.minimum():g}."
        if value > self.maximum():
            return f"{self._name} must be at most {self.maximum():g}."
        return ""

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
