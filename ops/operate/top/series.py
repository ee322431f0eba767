"""Messages per second over the last minutes, and the bars that show them. Knows no terminal."""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

SAMPLES = 240  # that are kept of each stream: four minutes at one a second

_BLOCKS = " ▁▂▃▄▅▆▇█"
_NONE = math.nan  # no look was taken then


class Series:
    """What the streams and the branches above them told per second, sample by sample; the root's path is empty.

    Args:
        kept: how many samples.
    """

    def __init__(self, kept: int = SAMPLES) -> None:
        self.kept = kept
        self.taken = 0
        self._samples: dict[str, array[float]] = {"": array("f")}

    def add(self, rates: Mapping[str, float]) -> None:
        """Take a sample: messages per second by stream. A stream that is not in it is forgotten."""
        sums: defaultdict[str, float] = defaultdict(float)
        sums[""] = 0.0
        for path, rate in rates.items():
            sums[""] += rate
            end = len(path)
            while end > 0:
                sums[path[:end]] += rate
                end = path.rfind("/", 0, end)
        self._samples = {path: self._samples.get(path) or array("f") for path in sums}
        self._append(sums)

    def skip(self) -> None:
        """Take note that nothing is known of this moment."""
        self._append(dict.fromkeys(self._samples, _NONE))

    def last(self, path: str) -> float | None:
        """Return the newest sample of a branch; None where nothing is known of that moment."""
        samples = self.of(path)
        return None if not samples or math.isnan(samples[-1]) else samples[-1]

    def of(self, path: str) -> Sequence[float]:
        """Return the samples of a branch, or of the stream that it is a part of; the newest last."""
        while path and path not in self._samples:
            path = path.rpartition("/")[0]
        return self._samples[path]

    def binned(self, path: str, width: int) -> list[float | None]:
        """Return so many means, the newest last; None where nothing is known.

        A bin keeps its samples while time goes on: they move to the left together.

        Args:
            path: of a branch.
            width: how many bins all that is kept is to fill.
        """
        samples = self.of(path)
        each = max(1, math.ceil(self.kept / max(1, width)))
        newest = (self.taken - 1) // each  # the number of the newest bin
        bins: list[list[float]] = [[] for _ in range(width)]
        first = self.taken - len(samples)
        for number, value in enumerate(samples, first):
            place = width - 1 - (newest - number // each)
            if place >= 0 and not math.isnan(value):
                bins[place].append(value)
        return [sum(values) / len(values) if values else None for values in bins]

    def _append(self, values: Mapping[str, float]) -> None:
        self.taken += 1
        for path, samples in self._samples.items():
            samples.append(values[path])
            if len(samples) > self.kept:
                del samples[: len(samples) - self.kept]


def bars(values: Iterable[float | None], height: int) -> list[str]:
    """Return lines of blocks, the highest first, that stand on zero; what is not known is left blank.

    Args:
        values: none of them below zero.
        height: how many lines the greatest value fills.
    """
    known = list(values)
    top = max((value for value in known if value is not None), default=0.0)
    eighths = [_eighths(value, top, height) for value in known]
    return [
        "".join(_BLOCKS[min(8, max(0, filled - 8 * line))] for filled in eighths)
        for line in range(height - 1, -1, -1)
    ]


def _eighths(value: float | None, top: float, height: int) -> int:
    """Return how many eighths of a line a bar is high; 1 at least, where something is known."""
    if value is None:
        return 0
    return max(1, round(value / top * height * 8)) if top > 0 else 1
