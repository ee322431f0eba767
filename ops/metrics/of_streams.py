"""What is measured of streams."""

from collections.abc import Callable, Iterator

from feedtree.actors.meters import Histogram
from feedtree.exchanges.phases import PHASES
from feedtree.exchanges.public.records import TopicState
from feedtree.ops.facts import STATES, StreamFacts
from feedtree.ops.metrics.metric import AnyMetric, HistogramMetric, Labels, Metric, Read, ReadHistograms
from feedtree.ops.metrics.sight import Sight

_US, _MS, _S = 1_000, 1_000_000, 1_000_000_000
LATENCY = (
    *(50 * _US, 100 * _US, 250 * _US, 500 * _US),
    *(1 * _MS, 2 * _MS, 5 * _MS, 10 * _MS, 25 * _MS, 50 * _MS, 100 * _MS, 250 * _MS, 500 * _MS),
    *(1 * _S, 2_500 * _MS, 10 * _S),
)
PROCESSING = (
    *(10 * _US, 25 * _US, 50 * _US, 100 * _US, 250 * _US, 500 * _US),
    *(1 * _MS, 2 * _MS, 5 * _MS, 10 * _MS, 50 * _MS),
)
CONNECTING = tuple(ms * _MS for ms in (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000))
RTT = tuple(ms * _MS for ms in (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500))
OUTAGE = (
    *(100 * _MS, 250 * _MS, 500 * _MS),
    *(1 * _S, 2 * _S, 3 * _S, 5 * _S, 10 * _S, 30 * _S, 60 * _S, 300 * _S, 1_800 * _S),
)

STREAM = ("stream", "venue", "side")
VENUE = ("venue", "side")


def _labels(stream: StreamFacts) -> Labels:
    return stream.path, stream.venue, stream.side


def _each(value: Callable[[StreamFacts], float | None]) -> Read:
    """Read one value of each stream; None is left out."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        for stream in sight.facts.streams:
            found = value(stream)
            if found is not None:
                yield _labels(stream), found

    return read


def _by(values: Callable[[StreamFacts], dict[str, int]]) -> Read:
    """Read the values of each stream, by kind."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        for stream in sight.facts.streams:
            for kind, value in values(stream).items():
                yield (*_labels(stream), kind), value

    return read


def _histogram(name: str) -> ReadHistograms:
    """Read a histogram of each stream that has one."""

    def read(sight: Sight) -> Iterator[tuple[Labels, Histogram]]:
        for stream, histograms in zip(sight.facts.streams, sight.streams, strict=True):
            if name in histograms:
                yield _labels(stream), histograms[name]

    return read


def _of_venues(name: str) -> ReadHistograms:
    """Read a histogram of all streams of a venue together."""

    def read(sight: Sight) -> Iterator[tuple[Labels, Histogram]]:
        for venue, meters in sight.venues.items():
            if name in meters.histograms:
                yield venue, meters.histograms[name]

    return read


def _phases(sight: Sight) -> Iterator[tuple[Labels, Histogram]]:
    for venue, meters in sight.venues.items():
        for phase in PHASES:
            if f"{phase}_ns" in meters.histograms:
                yield (*venue, phase), meters.histograms[f"{phase}_ns"]


def _states(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for stream in sight.facts.streams:
        for state in STATES:
            yield (*_labels(stream), state), stream.state == state


def _topics(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for stream in sight.facts.streams:
        yield (*_labels(stream), "wanted"), stream.topics
        yield (*_labels(stream), "live"), stream.confirmed
        yield (*_labels(stream), "rejected"), stream.rejected


def _cpu(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for stream in sight.facts.streams:
        node = sight.tree.find(stream.path)
        if node is not None and node.usage is not None:
            yield _labels(stream), node.usage.cpu_ns / 1e9


def _books(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for books in sight.facts.books:
        for state in TopicState:
            yield (books.venue, state.value), books.states.get(state.value, 0)


STREAMS: tuple[AnyMetric, ...] = (
    Metric("stream_live", "1 while a stream is live and, of an account, in no doubt; else 0.", STREAM,
           _each(lambda stream: stream.live)),
    Metric("stream_state", "1 for the state that a stream is in, 0 for the others.", (*STREAM, "state"), _states),
    Metric("stream_lived_seconds_total", "Seconds since a stream was first live.", STREAM,
           _each(lambda stream: stream.lived_s)),
    Metric("stream_down_seconds_total", "Seconds of these in which it was not live.", STREAM,
           _each(lambda stream: stream.down_s)),
    Metric("stream_message_age_seconds", "Seconds since the last good message.", STREAM,
           _each(lambda stream: stream.age_s)),
    Metric("stream_topics", "Topics of a stream, by how they are: wanted, and of these live or rejected.",
           (*STREAM, "state"), _topics),
    Metric("stream_capacity_topics", "Topics that a connection takes; none for accounts.", STREAM,
           _each(lambda stream: stream.capacity)),
    Metric("connection_age_seconds", "Age of the present connection; absent while there is none.", STREAM,
           _each(lambda stream: stream.connected_s)),
    Metric("reconnects_total", "Incarnations of a stream that failed, so that another one followed.", STREAM,
           _each(lambda stream: stream.restarts)),
    Metric("outages_total", "Outages that began.", STREAM, _each(lambda stream: stream.outages)),
    Metric("recoveries_total", "Outages that are over.", STREAM, _each(lambda stream: stream.recovered)),
    Metric("recoveries_in_time_total", "Outages that were over within three seconds.", STREAM,
           _each(lambda stream: stream.in_time)),
    HistogramMetric("outage_seconds", "How long outages took that are over.", VENUE, OUTAGE,
                    _of_venues("outage_ns")),
    Metric("messages_total", "Data that were told, by kind.", (*STREAM, "kind"),
           _by(lambda stream: stream.kinds)),
    Metric("errors_total", "What was wrong with what came, by kind.", (*STREAM, "kind"),
           _by(lambda stream: stream.errors)),
    Metric("received_bytes_total", "Bytes that came since the upgrades of all connections.", STREAM,
           _each(lambda stream: stream.bytes_in)),
    Metric("sent_bytes_total", "Bytes that were sent since the upgrades of all connections.", STREAM,
           _each(lambda stream: stream.bytes_out)),
    HistogramMetric("message_latency_seconds", "From the venue's sending to the read, once a burst.", STREAM,
                    LATENCY, _histogram("latency_ns")),
    HistogramMetric("message_processing_seconds",
                    "From the read of a burst until every tap and mailbox has it.", STREAM, PROCESSING,
                    _histogram("processing_ns")),
    HistogramMetric("ping_rtt_seconds", "From a ping to its answer.", VENUE, RTT, _of_venues("rtt_ns")),
    HistogramMetric("connect_phase_seconds",
                    "How long the phases of connecting took; subscribe is until the last answer.",
                    (*VENUE, "phase"), CONNECTING, _phases),
    Metric("stream_cpu_seconds_total", "Processor time of a stream's actors; where accounting is on.", STREAM,
           _cpu),
    Metric("books", "Books by the state of their topic.", ("venue", "state"), _books),
)  # fmt: skip
