"""``feedtree show``: all that is known of one path."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

import msgspec

from feedtree.exchanges.phases import PhaseFigures
from feedtree.ops.facts import MailboxFacts, StreamFacts
from feedtree.ops.inspect.client import Client
from feedtree.ops.inspect.protocol import Details, Outage, Show, SpecFacts, TopicFacts
from feedtree.ops.operate.attach import FINE, attached
from feedtree.ops.operate.spans import brief, moment
from feedtree.ops.operate.tables import Column, print_table
from feedtree.ops.operate.tree_lines import node_state
from feedtree.supervisors.snapshot import Node

_STREAMS_SHOWN = 5
_TOPICS_SHOWN = 20
_LEAST_ROOM = 20  # columns; where there are fewer, the terminal breaks the lines
_TOPICS = (
    Column("topic"),
    Column("state", states=True),
    Column("via"),
    Column("sequence", right=True),
    Column("gaps", right=True),
    Column("", last=True),
)
_OUTAGES = (
    Column("lost"),
    Column("found", right=True),
    Column("took", right=True),
    Column("attempts", right=True),
    Column("after return", right=True),
    Column("cause", last=True),
)
_MAILBOXES = (
    Column("mailbox"),
    Column("waiting", right=True),
    Column("of", right=True),
    Column("most", right=True),
    Column("delivered", right=True),
    Column("skipped", right=True),
    Column("oldest", right=True),
    Column("dropped"),
    Column("policy", last=True),
)


def print_details(wanted: str | None, path: str, *, as_json: bool) -> int:
    """Print what is known of a path; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: of a child; empty for the root.
        as_json: as one line of JSON.
    """

    def show(client: Client) -> int:
        details = client.ask(Show(path=path.strip("/")), Details)
        if as_json:
            print(msgspec.json.encode(details).decode())
        else:
            _print(details)
        return FINE

    return attached(wanted, show)


def _print(details: Details) -> None:
    _facts(_child_facts(details))
    for stream in details.streams[:_STREAMS_SHOWN]:
        print()
        _facts(stream_facts(stream))
    if len(details.streams) > _STREAMS_SHOWN:
        print(
            f"\nand {len(details.streams) - _STREAMS_SHOWN} streams more: feedtree tree {details.node.path}"
        )
    _part("", _TOPICS, _topics(details.topics), len(details.topics) - _TOPICS_SHOWN)
    _part("last outages", _OUTAGES, [_outage(each) for each in details.outages])
    _part("", _MAILBOXES, [_mailbox(each) for each in details.mailboxes])
    for crash in details.crashes:
        times = "once" if crash.count == 1 else f"{crash.count} times"
        where = "" if crash.path == details.node.path else f"{crash.path} "
        print()
        _print_fitting(
            "", f"{where}crashed {times}, last at {moment(crash.last_ns)}: {crash.verdict}: {crash.reason}"
        )
    if details.crashes:
        print(f"in full: feedtree crashes {details.node.path}")


def _part(title: str, columns: Sequence[Column], rows: list[tuple[str, ...]], more: int = 0) -> None:
    if not rows:
        return
    print(f"\n{title}" if title else "")
    print_table(columns, rows)
    if more > 0:
        print(f"and {more} more: --json")


def _facts(facts: Iterable[tuple[str, str]]) -> None:
    told = [(name, text) for name, text in facts if text]
    width = max(len(name) for name, _ in told)
    for name, text in told:
        _print_fitting(f"{name:<{width}}  ", text)


def _print_fitting(head: str, text: str) -> None:
    """Print a text behind its head; on a terminal in as many lines as it takes there."""
    room = shutil.get_terminal_size().columns - len(head)
    if not sys.stdout.isatty() or room < _LEAST_ROOM:
        print(head + text)
        return
    lines = textwrap.wrap(text, room) or [""]
    print("\n".join([head + lines[0], *(" " * len(head) + line for line in lines[1:])]))


def _child_facts(details: Details) -> list[tuple[str, str]]:
    node = details.node
    state = node_state(node, {stream.path: stream.state for stream in details.streams})
    return [
        ("path", node.path or "(root)"),
        ("state", state if node.uptime is None else f"{state}, up {brief(node.uptime)}"),
        ("generation", str(node.generation) if node.generation else ""),
        ("restarts", _restarts(node)),
        ("last failure", node.last_reason or ""),
        ("told", ", ".join(f"{key} {value}" for key, value in node.facts.items())),
        ("kind", f"{node.kind}, {node.strategy}" if node.strategy else node.kind),
        ("spec", "" if details.spec is None else _spec(details.spec)),
        ("backoff", "" if details.spec is None else _backoff(details.spec)),
        ("stalls", f"{node.stalls}, up to {node.longest_stall:.3g} s" if node.stalls else ""),
        ("usage", _usage(node)),
        ("gaps", f"{details.gaps}: feedtree gaps {node.path}" if details.gaps else ""),
        ("sequence", "" if details.sequence is None else str(details.sequence)),
    ]


def _restarts(node: Node) -> str:
    if node.intensity is None:
        return f"{node.restarts}, {node.restarts_in_window} of them counted lately" if node.restarts else "0"
    below = f"{node.restarts_in_window} of {node.intensity} within {node.period:g} s"
    return f"{node.restarts} of its own; {below} below it"


def _spec(spec: SpecFacts) -> str:
    parts = [
        f"restart {spec.restart}",
        f"grace {_seconds(spec.shutdown)}",
        f"ready within {_seconds(spec.start_timeout)}",
    ]
    parts += ["bulkhead"] if spec.bulkhead else []
    parts += ["essential"] if spec.essential else []
    return ", ".join(parts)


def _backoff(spec: SpecFacts) -> str:
    return (
        f"at once, then up to {spec.backoff_initial:g} s doubling to {spec.backoff_cap:g} s; "
        f"forgotten after {spec.backoff_reset_after:g} s of data"
    )


def _seconds(seconds: float | None) -> str:
    return "unbounded" if seconds is None else f"{seconds:g} s"


def _usage(node: Node) -> str:
    usage = node.usage
    if usage is None:
        return ""
    return (
        f"{usage.cpu_ns / 1e9:.2f} s of CPU in {usage.steps:,} steps, "
        f"the longest {usage.longest_step_ns / 1e6:.1f} ms; "
        f"due for {usage.wake_latency_mean_ns / 1e3:.0f} µs on average"
    )


def stream_facts(stream: StreamFacts) -> list[tuple[str, str]]:
    """Return what is to be said of a stream: pairs of a name and a text, which is empty where there is nothing."""
    connected = "" if stream.connected_s is None else f", connected for {brief(stream.connected_s)}"
    capacity = "" if stream.capacity is None else f" of {stream.capacity} that fit"
    refused = f", {stream.rejected} refused" if stream.rejected else ""
    return [
        ("stream", f"{stream.path} {stream.state}"),
        ("endpoint", f"{stream.address}{connected}" if stream.address else "none yet"),
        ("topics", f"{stream.topics} wanted{capacity}, {stream.confirmed} live{refused}"),
        ("last message", "none yet" if stream.age_s is None else f"{brief(stream.age_s)} ago"),
        ("messages", f"{stream.messages:,}: {_counted(stream.kinds)}"),
        ("errors", _counted(stream.errors)),
        ("bytes", f"{stream.bytes_in:,} in, {stream.bytes_out:,} out"),
        ("latency", _figures(stream.latency)),
        ("processing", _figures(stream.processing)),
        ("ping", "" if stream.rtt_ms is None else f"{stream.rtt_ms:.2f} ms"),
        (
            "phases",
            ", ".join(f"{name} {figures.p50_ms:.1f}" for name, figures in stream.phases.items()) + " ms"
            if stream.phases
            else "",
        ),
        ("outages", _outages(stream)),
    ]


def _outages(stream: StreamFacts) -> str:
    share = 1 - stream.down_s / stream.lived_s if stream.lived_s else None
    up = "" if share is None else f"; up {share:.3%} of {brief(stream.lived_s)}"
    return f"{stream.outages}, {stream.recovered} recovered, {stream.in_time} within 3 s{up}"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _figures(figures: PhaseFigures | None) -> str:
    if figures is None:
        return ""
    return f"p50 {figures.p50_ms:.3f} ms, p99 {figures.p99_ms:.3f} ms, highest {figures.highest_ms:.3f} ms"


def _topics(topics: Sequence[TopicFacts]) -> list[tuple[str, ...]]:
    return [
        (
            topic.topic,
            topic.state,
            topic.via,
            "" if topic.sequence is None else str(topic.sequence),
            str(topic.gaps) if topic.gaps else "",
            topic.reason,
        )
        for topic in topics[:_TOPICS_SHOWN]
    ]


def _outage(outage: Outage) -> tuple[str, ...]:
    back = "" if outage.after_return_ms is None else f"{outage.after_return_ms / 1e3:.3f}s"
    took = "lasts" if outage.took_s is None else f"{outage.took_s:.3f}s"
    found = f"{outage.detected_ms / 1e3:.3f}s"
    return moment(outage.lost_ns), found, took, str(outage.attempts), back, outage.cause


def _mailbox(mailbox: MailboxFacts) -> tuple[str, ...]:
    return (
        mailbox.name or "(unnamed)",
        f"{mailbox.depth:,}",
        f"{mailbox.capacity:,}",
        f"{mailbox.high_water:,}",
        f"{mailbox.delivered:,}",
        f"{mailbox.skipped:,}",
        brief(mailbox.oldest_age),
        _counted(mailbox.dropped),
        policy(mailbox.policies),
    )


def policy(policies: dict[str, str]) -> str:
    """Return a mailbox's policies in words: the one that all kinds have, or each with the kinds that have it."""
    kinds: dict[str, list[str]] = {}
    for kind, name in policies.items():
        kinds.setdefault(name, []).append(kind)
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{name}: {', '.join(having)}" for name, having in kinds.items())
