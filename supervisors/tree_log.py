"""The log as a supervisor writes it: one that fails costs the line, and not the tree."""

from typing import Any


class TreeLog:
    """Writes to a structlog logger, and lets nothing out that the logger raises (a full disk, a broken pipe).

    Args:
        log: the logger.
    """

    __slots__ = ("_log",)

    def __init__(self, log: Any) -> None:
        self._log = log

    def info(self, event: str, **facts: object) -> None:
        """Write a line of what is usual."""
        try:
            self._log.info(event, **facts)
        except Exception:
            return

    def warning(self, event: str, **facts: object) -> None:
        """Write a line of what should not be."""
        try:
            self._log.warning(event, **facts)
        except Exception:
            return

    def error(self, event: str, **facts: object) -> None:
        """Write a line of what somebody should look at."""
        try:
            self._log.error(event, **facts)
        except Exception:
            return
