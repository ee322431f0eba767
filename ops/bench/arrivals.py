"""Notes when each message of a paced run reaches its consumer."""

import time
from array import array
from pathlib import Path

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books


class Arrivals:
    """The consumer's log: the n-th message of the mix is the n-th that was sent, for none may be lost.

    Args:
        errand: says how many there are, and where the log goes.

    Attributes:
        times: ns of the machine's monotonic clock, by message.
    """

    def __init__(self, errand: Errand) -> None:
        self.times = array("q")
        self._errand = errand
        self._watch = Stopwatch(errand)

    def note(self) -> bool:
        """Note one message; True for the last."""
        times = self.times
        times.append(time.monotonic_ns())
        count = len(times)
        if count == self._errand.warm:
            self._watch.start()
        elif count == self._errand.total:
            self._watch.stop()
            return True
        return False

    def sample(self, books: Books) -> Sample:
        """Write the log and return what else was found."""
        errand = self._errand
        if errand.arrivals is not None:
            Path(errand.arrivals).write_bytes(self.times.tobytes())
        return self._watch.sample(errand.total - errand.warm, len(self.times), books)
