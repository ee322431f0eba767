"""One metric: its name, what it tells, and how it is read from a sight."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeAlias

from msgspec import Struct
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from feedtree.actors.meters import Histogram
from feedtree.ops.metrics.sight import Sight

PREFIX = "feedtree_"
SAMPLES_A_PART = 250

Labels: TypeAlias = tuple[str, ...]
Read: TypeAlias = Callable[[Sight], Iterable[tuple[Labels, float]]]
ReadHistograms: TypeAlias = Callable[[Sight], Iterable[tuple[Labels, Histogram]]]
Kind: TypeAlias = Literal["counter", "gauge", "histogram"]


class Metric(Struct, frozen=True):
    """A counter or a gauge.

    Args:
        name: as it is exported, without `PREFIX`; a counter's ends in ``_total``.
        help: what it tells, in a line.
        labels: their names.
        read: yields the values, each with its labels in that order.
    """

    name: str
    help: str
    labels: Labels
    read: Read

    @property
    def kind(self) -> Kind:
        """What Prometheus takes it for."""
        return "counter" if self.name.endswith("_total") else "gauge"

    def family(self, sight: Sight) -> Family:
        """Return it with its values as `prometheus_client` wants them."""
        make = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = make(PREFIX + self.name, self.help, labels=self.labels)
        for labels, value in self.read(sight):
            family.add_metric(labels, value)
        return family


class HistogramMetric(Struct, frozen=True):
    """A histogram in seconds.

    Args:
        name: as it is exported, without `PREFIX` and without ``_bucket``, ``_sum`` and ``_count``.
        help: what it tells, in a line.
        labels: their names.
        bounds_ns: the upper bounds of its buckets, in nanoseconds, rising; above the last one is infinity.
        read: yields the histograms, each with its labels in that order.
    """

    name: str
    help: str
    labels: Labels
    bounds_ns: tuple[int, ...]
    read: ReadHistograms

    @property
    def kind(self) -> Kind:
        """What Prometheus takes it for."""
        return "histogram"

    def family(self, sight: Sight) -> Family:
        """Return it with its values as `prometheus_client` wants them."""
        family = HistogramMetricFamily(PREFIX + self.name, self.help, labels=self.labels)
        bounds = [str(bound / 1e9) for bound in self.bounds_ns]
        for labels, histogram in self.read(sight):
            counts = histogram.cumulative(self.bounds_ns)
            buckets = [*zip(bounds, counts, strict=True), ("+Inf", histogram.count)]
            family.add_metric(labels, buckets, histogram.sum / 1e9)
        return family


AnyMetric: TypeAlias = Metric | HistogramMetric


class _Alone(Collector):
    """Collects one family."""

    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterable[Family]:
        """Return the family."""
        return (self._family,)


def texts_of(metric: AnyMetric, sight: Sight) -> Iterator[bytes]:
    """Yield a metric with its values as Prometheus reads them, in parts that take a few milliseconds each."""
    family = metric.family(sight)
    samples = family.samples
    for begin in range(0, max(len(samples), 1), SAMPLES_A_PART):
        family.samples = samples[begin : begin + SAMPLES_A_PART]
        text = generate_latest(_Alone(family))
        yield text if begin == 0 else b"".join(line for line in text.splitlines(True) if line[:1] != b"#")
