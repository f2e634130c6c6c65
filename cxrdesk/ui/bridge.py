"""From the worker's thread to the window's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.events import Event


class EventBridge(QObject):
    """Hands events of any thread to the window's thread, in their order."""

    received = Signal(object)
    """An `Event`, in the thread that the bridge lives in."""
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Queued even from the window's own thread: nobody is called back from within submit().
        self._posted.connect(self.received, Qt.ConnectionType.QueuedConnection)

    def post(self, event: Event) -> None:
        """Listener for the worker; returns at once."""
        self._posted.emit(event)
