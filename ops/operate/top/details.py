"""The details of one node in lines, for the pane; in colours, as rich's texts."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from rich.text import Text

from feedtree.ops.facts import MailboxFacts, StreamFacts
from feedtree.ops.inspect.protocol import Crash, Details, Outage, SpecFacts, TopicFacts
from feedtree.ops.operate.spans import brief, moment
from feedtree.ops.operate.top.columns import milliseconds
from feedtree.ops.operate.tree_lines import node_state
from feedtree.ops.styles import STYLES
from feedtree.supervisors.snapshot import Node

TOPICS_SHOWN = 20  # of those that are not live
OUTAGES_SHOWN = 3
MAILBOXES_SHOWN = 8

Line: TypeAlias = tuple[str, Text]


def detail_lines(
    node: Node, stream: StreamFacts | None, mailboxes: Iterable[MailboxFacts], details: Details | None
) -> list[Line]:
    """Return what is known of a node: what each line is about, empty where that stays the same, and what it says.

    Args:
        node: as the last look saw it.
        stream: that it is, or is a part of, as the last look saw it.
        mailboxes: that listen to it, as the last look saw them.
        details: what was asked for it alone; None while that is on its way.
    """
    lines = list(_node(node, stream))
    if details is not None and details.spec is not None:
        lines.append(_line("spec", _spec(details.spec, node)))
    if stream is not None:
        lines += _stream(stream)
    if details is not None:
        lines += _outages(details.outages)
        lines += _topics(details.topics)
    lines += _mailboxes(list(mailboxes))
    if details is not None:
        lines += _rest(details)
    return lines


def _line(about: str, *parts: str | tuple[str, str]) -> Line:
    return about, Text.assemble(*parts)


def _node(node: Node, stream: StreamFacts | None) -> Iterator[Line]:
    state = node_state(node, {} if stream is None else {stream.path: stream.state})
    parts = [node.kind if node.strategy is None else f"{node.strategy} supervisor"]
    if node.generation > 1:
        parts.append(f"generation {node.generation}")
    if node.uptime is not None:
        parts.append(f"up {brief(node.uptime)}")
    if node.restarts:
        parts.append(f"{node.restarts} restart{'s' if node.restarts > 1 else ''}")
    if node.wait is not None:
        parts.append(f"starts in {node.wait:.1f} s")
    yield _line("state", (state, STYLES.get(state, "")), f"  {', '.join(parts)}")
    if node.last_reason:
        yield _line("last end", node.last_reason)
    if node.stalls:
        yield _line("stalls", f"{node.stalls} of the event loop, up to {node.longest_stall:.3g} s")
    if node.facts:
        yield _line("told", ", ".join(f"{key} {value}" for key, value in node.facts.items()))
    if node.usage is not None and node.usage.steps:
        usage = node.usage
        yield _line(
            "cost",
            f"{usage.cpu_ns / 1e9:.2f} s of CPU in {usage.steps:,} steps, "
            f"the longest {usage.longest_step_ns / 1e6:.1f} ms",
        )


def _spec(spec: SpecFacts, node: Node) -> str:
    parts = [spec.restart]
    if spec.strategy is not None and spec.intensity is not None:
        parts.append(f"{node.restarts_in_window} of {spec.intensity} restarts in {spec.period or 0:g} s")
    parts.append("stop unbounded" if spec.shutdown is None else f"stop within {spec.shutdown:g} s")
    if math.isfinite(node.worst_stop) and spec.strategy is not None:
        parts[-1] = f"stops in {node.worst_stop:g} s at worst"
    parts.append(f"backoff {spec.backoff_initial:g} to {spec.backoff_cap:g} s")
    if spec.bulkhead:
        parts.append("bulkhead")
    if spec.essential:
        parts.append("essential")
    return ", ".join(parts)


def _stream(stream: StreamFacts) -> Iterator[Line]:
    since = "not connected" if stream.connected_s is None else f"connected for {brief(stream.connected_s)}"
    yield _line("endpoint", f"{stream.address or '(none yet)'}, {since}")
    confirmed = (f"{stream.confirmed} of {stream.topics} live", "" if stream.live else "yellow")
    room = "" if stream.capacity is None else f", room for {stream.capacity}"
    refused = f", {stream.rejected} refused" if stream.rejected else ""
    yield _line("topics", confirmed, room, (refused, "bold red"))
    age = "no message yet" if stream.age_s is None else f"last message {brief(stream.age_s)} ago"
    trip = "" if stream.rtt_ms is None else f", round trip {milliseconds(stream.rtt_ms)} ms"
    yield _line("messages", f"{stream.messages:,}, {age}{trip}")
    kinds = [f"{count:,} {kind}" for kind, count in stream.kinds.items() if count]
    if kinds:
        yield _line("", ", ".join(kinds))
    yield _line("traffic", f"{_bytes(stream.bytes_in)} in, {_bytes(stream.bytes_out)} out")
    errors = [f"{count:,} {kind}" for kind, count in stream.errors.items() if count]
    if errors:
        yield _line("errors", (", ".join(errors), "yellow"))
    for name, figures in (("latency", stream.latency), ("processing", stream.processing)):
        if figures is not None:
            shown = (figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.highest_ms)
            p50, p95, p99, highest = map(milliseconds, shown)
            yield _line(name, f"p50 {p50}  p95 {p95}  p99 {p99}  highest {highest} ms")
    if stream.phases:
        phases = (f"{name} {milliseconds(each.p50_ms)}" for name, each in stream.phases.items())
        yield _line("connecting", f"{', '.join(phases)} ms (p50)")
    if stream.outages:
        lived = stream.lived_s
        up = f", up {max(0.0, 1 - stream.down_s / lived) * 100:.3f}%" if lived > 0 else ""
        told = f"{stream.outages}, {stream.recovered} recovered, {stream.in_time} of them within 3 s"
        yield _line("outages", f"{told}{up}")


def _outages(outages: list[Outage]) -> Iterator[Line]:
    for outage in reversed(outages[-OUTAGES_SHOWN:]):
        took = ("lasts", "bold red") if outage.took_s is None else (f"took {outage.took_s:.2f} s", "")
        yield _line("", f"{moment(outage.lost_ns)}  ", took, f"  {outage.cause}")


def _topics(topics: list[TopicFacts]) -> Iterator[Line]:
    ailing = [topic for topic in topics if topic.state != "live"]
    for number, topic in enumerate(ailing[:TOPICS_SHOWN]):
        reason = f"  {topic.reason}" if topic.reason else ""
        state = (topic.state, STYLES.get(topic.state, ""))
        yield _line("" if number else "not live", f"{topic.topic}  ", state, reason)
    if len(ailing) > TOPICS_SHOWN:
        yield _line("", (f"and {len(ailing) - TOPICS_SHOWN} more", "dim"))


def _mailboxes(boxes: list[MailboxFacts]) -> Iterator[Line]:
    for number, box in enumerate(boxes[:MAILBOXES_SHOWN]):
        dropped = sum(box.dropped.values())
        parts = [f"{box.depth:,} of {box.capacity:,} wait, at most {box.high_water:,}"]
        if box.oldest_age is not None:
            parts.append(f"the oldest {brief(box.oldest_age)}")
        lost = (f", {dropped:,} dropped", "yellow") if dropped else ""
        yield _line(
            "" if number else "mailboxes", (box.name or "(no name)", "bold"), f"  {', '.join(parts)}", lost
        )
    if len(boxes) > MAILBOXES_SHOWN:
        yield _line("", (f"and {len(boxes) - MAILBOXES_SHOWN} more", "dim"))


def _rest(details: Details) -> Iterator[Line]:
    if details.gaps:
        yield _line("gaps", f"{details.gaps:,} on record: feedtree gaps {details.node.path}")
    for number, crash in enumerate(reversed(details.crashes)):
        yield _crash("" if number else "crashes", crash)


def _crash(about: str, crash: Crash) -> Line:
    times = "once" if crash.count == 1 else f"{crash.count} times"
    place = crash.path.rpartition("/")[2]
    return _line(
        about, f"{moment(crash.last_ns)}  ", (crash.verdict, "red"), f"  {place}, {times}: {crash.reason}"
    )


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
