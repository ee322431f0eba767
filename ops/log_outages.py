"""Sums up what a stream logs while it is down: an outage of minutes is a few lines, not a few for each attempt."""

import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog

from feedtree.supervisors import EventKind, Verdict

PERIOD = 10.0  # s between two lines about an actor that stays down
REASONS_AT_ONCE = 3  # new reasons of one outage that are told at once; later ones wait for the next line

_ENDLESS = frozenset({Verdict.RETRYABLE, Verdict.THROTTLED})  # no intensity bounds how often these come
_STEPS = frozenset({EventKind.STARTING, EventKind.READY, EventKind.RESTARTING, EventKind.REPORTED})
_ENDS = frozenset({EventKind.FAILED, EventKind.STOPPED, EventKind.REMOVED})
_LIVE = "live"


class _Outage:
    def __init__(self, now: float) -> None:
        self.began = now
        self.told = now
        self.attempts = 0
        self.reasons: set[object] = set()

    def facts(self, now: float) -> dict[str, object]:
        return {"attempts": self.attempts, "down_s": round(now - self.began, 1)}


class Outages:
    """A structlog processor that drops what only repeats while an actor is down.

    Told are its first failure, each of the first few new reasons, at most one line every `PERIOD` seconds while
    attempts go on, and that it is live again. Failures that count against an intensity are all told: they end.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._outages: dict[object, _Outage] = {}
        self._reporting: set[object] = set()  # actors that report states: up is not yet live

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Let an event pass, with the number of attempts and the seconds since the loss, or drop it."""
        kind, path = event.get("event"), event.get("path")
        if kind == EventKind.REPORTED:
            self._reporting.add(path)
        if kind == EventKind.CRASHED and event.get("verdict") in _ENDLESS:
            self._crashed(path, event)
        elif kind in _ENDS:
            self._outages.pop(path, None)
            self._reporting.discard(path)
        elif kind in _STEPS and path in self._outages:
            self._step(path, event)
        return event

    def _crashed(self, path: object, event: MutableMapping[str, Any]) -> None:
        now, reason = self._clock(), event.get("reason")
        outage = self._outages.get(path)
        if outage is None:
            outage = self._outages[path] = _Outage(now)
        else:
            outage.attempts += 1
            new = reason not in outage.reasons and len(outage.reasons) < REASONS_AT_ONCE
            if not new and now - outage.told < PERIOD:
                raise structlog.DropEvent
            event.update(outage.facts(now))
        outage.told = now
        if len(outage.reasons) < REASONS_AT_ONCE:
            outage.reasons.add(reason)

    def _step(self, path: object, event: MutableMapping[str, Any]) -> None:
        if not self._is_back(path, event):
            raise structlog.DropEvent
        outage = self._outages.pop(path)
        outage.attempts += 1
        event.update(outage.facts(self._clock()))

    def _is_back(self, path: object, event: Mapping[str, Any]) -> bool:
        if path in self._reporting:
            return (event["event"], event.get("reason")) == (EventKind.REPORTED, _LIVE)
        return bool(event["event"] == EventKind.READY)
