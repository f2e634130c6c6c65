"""What nobody catches: faults of ours within an event, and what Qt says to the console."""

from __future__ import annotations

import sys
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from cxrdesk.ui.messages import Messages

_NO_SIZE_HINTS = "This plugin does not support propagateSizeHints()"


def quiet_off_screen() -> None:
    """Leave out the line that Qt's off-screen platform says of every window with a least size: it is no fault."""

    def tell(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if text == _NO_SIZE_HINTS:
            return
        if before is not None:
            before(kind, context, text)
        else:
            print(text, file=sys.stderr)

    before = qInstallMessageHandler(tell)


def report_faults(messages: Messages) -> None:
    """A fault of ours within an event: told in a sentence, its traceback on stderr; the window stays."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            QApplication.quit()
            return
        messages.error(
            f"cxrdesk made a mistake ({kind.__name__}); please report what stands on the console.", code="bug"
        )

    sys.excepthook = hook
