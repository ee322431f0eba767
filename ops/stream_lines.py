"""Stream events in words: one line for all topics that one thing happened to."""

from collections.abc import Iterable, Mapping, Sequence

from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.messages import (
    BookResynced,
    DecodeFailed,
    StreamEvent,
    StreamFailed,
    StreamLost,
    StreamUp,
    SubscriptionRejected,
)
from feedtree.exchanges.public.records import TopicState, TopicStatus

LINES_AT_ONCE = 20  # more of one moment are told as a number
_NAMED = 3  # topics that a line names


def event_lines(messages: Iterable[object]) -> list[str]:
    """Return lines for the stream events among some messages, in order; the same thing is told once.

    Args:
        messages: of one moment; data among them are passed over.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for message in messages:
        if isinstance(message, DecodeFailed):
            key = (
                message.venue,
                f"sent a frame of {message.size} bytes that does not decode: {message.error}",
            )
            groups.setdefault(key, []).append("")
        elif isinstance(message, StreamEvent):
            key = (message.venue, _words(message))
            groups.setdefault(key, []).append(f"{message.symbol} {message.channel}")
    lines = [f"{venue} {words}{_names(names)}" for (venue, words), names in groups.items()]
    if len(lines) > LINES_AT_ONCE:
        lines[LINES_AT_ONCE:] = [f"and {len(lines) - LINES_AT_ONCE} stream events more"]
    return lines


def live_lines(venue: str, topics: Mapping[Topic, TopicStatus]) -> list[str]:
    """Return lines for the topics that are live already when somebody begins to listen: their events have passed."""
    groups: dict[str, list[str]] = {}
    for topic, status in topics.items():
        if status.state is TopicState.LIVE:
            words = "book live" if isinstance(topic.channel, Book) else "up"
            groups.setdefault(words, []).append(f"{topic.symbol} {topic.channel}")
    return [f"{venue} {words}{_names(names)}" for words, names in groups.items()]


def _words(event: StreamEvent) -> str:
    match event:
        case StreamLost(cause=cause):
            return f"lost: {cause}"
        case StreamUp(outages=0):
            return "up"
        case BookResynced(outages=0):
            return "book live"
        case StreamUp(outage_ns=outage_ns):
            return f"up after {outage_ns / 1e9:.1f} s"
        case BookResynced(outage_ns=outage_ns):
            return f"book live after {outage_ns / 1e9:.1f} s"
        case SubscriptionRejected(reason=reason):
            return f"rejected: {reason}"
        case StreamFailed(reason=reason):
            return f"failed until restarted by hand: {reason}"
    return type(event).__name__


def _names(names: Sequence[str]) -> str:
    named = ", ".join(name for name in names[:_NAMED] if name)
    rest = len(names) - _NAMED
    if rest > 0:
        named += f" and {rest} more" if named else f" ({len(names)} times)"
    return f" ({named})" if named and not named.startswith(" ") else named
