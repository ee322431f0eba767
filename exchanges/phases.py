"""How long the phases of making a connection useful take, into the figures of what outlives the connection."""

from msgspec import Struct

from feedtree.actors.meters import Histogram, Meters

PHASES = ("dns", "tcp", "proxy", "tls", "upgrade", "auth", "subscribe", "first_data")
"""In order. ``auth`` is the listen key of an account; ``first_data`` is from the last answer to the last book."""


class PhaseFigures(Struct, frozen=True):
    """How long something took, a phase of connecting for example, over all times that it was measured; milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    highest_ms: float
    p95_ms: float = 0.0


class Phases:
    """Measures the phases of one incarnation.

    A phase that fails is not measured: its error names it.

    Args:
        meters: where the times go, as histograms named ``tls_ns`` and so on; what outlives the incarnation.
    """

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._took: dict[str, float] = {}
        self._opened_at: float | None = None

    def took(self, phase: str, seconds: float) -> None:
        """Note how long a phase took."""
        self._took[phase] = seconds
        self._meters.histogram(f"{phase}_ns").record(int(seconds * 1e9))

    def __str__(self) -> str:
        return ", ".join(f"{phase} {seconds * 1e3:.1f}" for phase, seconds in self._took.items()) + " ms"

    def opened(self, now: float) -> None:
        """Note that the connection is open: subscriptions begin."""
        self._opened_at = now

    def settled(self, now: float, answered_at: float, *, books: bool) -> None:
        """Note that all topics are settled; only the first time of a connection counts.

        Args:
            now: the time.
            answered_at: when no answer was owed any more.
            books: whether there are books among them: the rest needs no first data.
        """
        opened_at, self._opened_at = self._opened_at, None
        if opened_at is None:
            return
        self.took("subscribe", answered_at - opened_at)
        if books:
            self.took("first_data", now - answered_at)


def figures(meters: Meters) -> dict[str, PhaseFigures]:
    """Return what was measured of each phase, in order; phases that never were are left out."""
    found: dict[str, PhaseFigures] = {}
    for phase in PHASES:
        histogram = meters.histograms.get(f"{phase}_ns")
        if histogram is not None:
            found[phase] = figures_of(histogram)
    return found


def figures_of(histogram: Histogram) -> PhaseFigures:
    """Return what was measured, of a histogram in nanoseconds."""
    middle, later, late = histogram.percentiles(50.0, 95.0, 99.0) or (0, 0, 0)
    return PhaseFigures(
        histogram.count, middle / 1e6, late / 1e6, (histogram.highest or 0) / 1e6, p95_ms=later / 1e6
    )
