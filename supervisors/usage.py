"""What actors cost: the accounts that are kept of them, and how those are summed. Knows no clock."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Usage(Struct, frozen=True):
    """What a child has cost in all its generations, or a supervisor's children together.

    Times are integer nanoseconds. A step is what a task does from one wait to the next; while it lasts, the event
    loop does nothing else. Every time holds some of what the measuring itself costs, a few microseconds a step.

    Args:
        cpu_ns: processor time of all steps, of the loop's thread only: not of worker threads.
        steps: how many.
        longest_step_ns: the longest of them, by the wall clock.
        wakes: how many steps were waited for; that is all but those that were due when accounting began.
        wake_latency_mean_ns: from when a step was due until it began, on average; 0 where there was none.
        wake_latency_highest_ns: the longest of these waits.
    """

    cpu_ns: int
    steps: int
    longest_step_ns: int
    wakes: int
    wake_latency_mean_ns: int
    wake_latency_highest_ns: int


class Account:
    """The figures of one child, changed in place with every step."""

    __slots__ = ("cpu_ns", "highest_latency_ns", "latency_ns", "longest_step_ns", "steps", "wakes")

    def __init__(self) -> None:
        self.cpu_ns = 0
        self.steps = 0
        self.longest_step_ns = 0
        self.wakes = 0
        self.latency_ns = 0
        self.highest_latency_ns = 0

    def add(self, length_ns: int, cpu_ns: int, latency_ns: int | None) -> None:
        """Take in one step.

        Args:
            length_ns: how long it took by the wall clock.
            cpu_ns: its processor time.
            latency_ns: how long it was due before it began, None where that is not known.
        """
        self.steps += 1
        self.cpu_ns += cpu_ns
        if length_ns > self.longest_step_ns:
            self.longest_step_ns = length_ns
        if latency_ns is not None:
            self.wakes += 1
            self.latency_ns += latency_ns
            if latency_ns > self.highest_latency_ns:
                self.highest_latency_ns = latency_ns


def total(accounts: Iterable[Account]) -> Usage:
    """Sum accounts."""
    each = list(accounts)
    wakes = sum(account.wakes for account in each)
    latency_ns = sum(account.latency_ns for account in each)
    return Usage(
        cpu_ns=sum(account.cpu_ns for account in each),
        steps=sum(account.steps for account in each),
        longest_step_ns=max((account.longest_step_ns for account in each), default=0),
        wakes=wakes,
        wake_latency_mean_ns=latency_ns // wakes if wakes else 0,
        wake_latency_highest_ns=max((account.highest_latency_ns for account in each), default=0),
    )
