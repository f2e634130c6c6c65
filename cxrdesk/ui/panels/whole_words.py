"""Fields that never cut a word: what is too long wraps, or ends with whole words and stands in the tip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QStyle, QStyleOptionButton, QStyleOptionComboBox, QStylePainter


def shortened(text: str, metrics: QFontMetrics, width: int) -> str:
    """As many whole words as fit, and an ellipsis where there are more; one word alone is never left out."""
    words = text.split(" ")
    for count in range(len(words), 0, -1):
        told = " ".join(words[:count]).rstrip(" ·:,") + "…" if count < len(words) else text
        if metrics.horizontalAdvance(told) <= width:
            return told
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)


def wrapped(text: str, metrics: QFontMetrics, width: int) -> str:
    """Lines of whole words that fit, where words do."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and metrics.horizontalAdvance(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


class WordsBox(QComboBox):
    """A choice whose list is as wide as its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.currentTextChanged.connect(self.setToolTip)

    def shown_text(self) -> str:
        """What of the chosen text can be read."""
        option = self._option()
        style, part = self.style(), QStyle.SubControl.SC_ComboBoxEditField
        field = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)
        return shortened(option.currentText, self.fontMetrics(), field.width() - 4)

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        if self.currentIndex() < 0:
            option.currentText = self.placeholderText()
        return option

    def paintEvent(self, event: QPaintEvent) -> None:
        """As Qt does, with whole words."""
        option, painter = self._option(), QStylePainter(self)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def showPopup(self) -> None:
        """All of each text."""
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * view.frameWidth() + view.verticalScrollBar().width())
        super().showPopup()


class WordsSwitch(QCheckBox):
    """A switch whose words wrap."""

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self.words = words
        self.say(words)

    def say(self, words: str) -> None:
        """Other words."""
        self.words = words
        self.setAccessibleName(words)
        self._wrap()

    def minimumSizeHint(self) -> QSize:
        """As wide as the longest word."""
        widest = max((self.fontMetrics().horizontalAdvance(word) for word in self.words.split(" ")), default=0)
        return QSize(widest + self._beside(), super().minimumSizeHint().height())

    def _beside(self) -> int:
        """Width of the mark and the space after it."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        area = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxContents, option, self)
        return area.left() + 4

    def _wrap(self) -> None:
        told = wrapped(self.words, self.fontMetrics(), self.width() - self._beside())
        if told != self.text():
            self.setText(told)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap for the width that there is."""
        super().resizeEvent(event)
        self._wrap()
