"""Frames that do not decode: kept, told a few times, and a bug when they are many. Times are arguments."""

from collections import deque
from typing import Any

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.errors import DecodeStorm

WINDOW = 10.0  # seconds
FEW = 10  # frames within the window that are told one by one, and are no storm yet
SHARE = 0.05  # of all frames within the window, above which more than a few are a storm
KEPT = 32  # frames kept with their bytes, the newest


class BadFrames:
    """The undecodable frames of one connection.

    Attributes:
        frames: how many frames came in all; the owner counts them.
        kept: the newest of those that did not decode.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.kept: deque[Undecodable] = deque(maxlen=KEPT)
        self._recent: deque[tuple[float, int]] = deque()  # (time, frames by then)

    def note(self, item: Undecodable, now: float) -> bool:
        """Keep a frame; return whether consumers are to be told of it."""
        self.kept.append(item)
        recent = self._recent
        while recent and recent[0][0] <= now - WINDOW:
            recent.popleft()
        recent.append((now, self.frames))
        return len(recent) <= FEW

    def take(self, item: Undecodable, now: float, log: Any) -> None:
        """Keep a frame, and have it logged while such frames are few.

        Raises:
            DecodeStorm: they are a storm.
        """
        if self.note(item, now):
            log.warning("undecodable", error=item.error)
        if storm := self.storm():
            raise DecodeStorm(storm)

    def storm(self) -> str:
        """Return what makes these frames a storm, empty where they are none."""
        bad = len(self._recent)
        if bad <= FEW:
            return ""
        frames = max(self.frames - self._recent[0][1], bad)
        if bad <= SHARE * frames:
            return ""
        return f"{bad} of {frames} frames within {WINDOW:.0f} s: {self.kept[-1].error}"
