"""What a simulated venue sent and received, the newest of it."""

from collections import Counter, deque
from typing import Any

from feedtree.ops.sim import frames

_KEPT = 5_000
_SHOWN = 2_000  # characters of one entry


class Journal:
    """A ring of what went over the wire, and counts of it.

    Attributes:
        counts: by name, from the start.
    """

    __slots__ = ("_entries", "counts")

    def __init__(self) -> None:
        self._entries: deque[tuple[int, str, str, bytes | str]] = deque(maxlen=_KEPT)
        self.counts: Counter[str] = Counter()

    def add(self, at_ns: int, who: str, what: str, data: bytes | str) -> None:
        """Add an entry.

        Args:
            at_ns: UTC.
            who: a connection's number, or ``*`` for all subscribers.
            what: ``open``, ``close``, ``received``, ``sent``, ``push``, ``request`` or ``answer``.
            data: text, or a frame of ours as it went out.
        """
        self._entries.append((at_ns, who, what, data))

    def newest(self, count: int) -> list[dict[str, Any]]:
        """Return the newest entries, oldest first."""
        chosen = list(self._entries)[-count:] if count > 0 else []
        return [
            {"at_ns": at, "who": who, "what": what, "data": _shown(data)} for at, who, what, data in chosen
        ]


def _shown(data: bytes | str) -> str:
    if isinstance(data, bytes):
        body = frames.payload(data)
        data = body.decode("utf-8", "replace") if data[0] == 0x81 else body.hex()
    return data[:_SHOWN]
