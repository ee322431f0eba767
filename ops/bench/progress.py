"""What is told while the benchmark runs: on stderr, for stdout is the result's."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

_Case = TypeVar("_Case")


def say(line: str) -> None:
    """Tell one line."""
    print(line, file=sys.stderr, flush=True)


def interleaved(cases: Sequence[_Case], rounds: int) -> Iterable[tuple[int, _Case]]:
    """Yield every case once a round, every other round backwards, so that nobody is always the first of a pair."""
    order = list(cases)
    for number in range(rounds):
        for case in order:
            yield number, case
        order.reverse()
