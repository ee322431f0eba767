"""``feedtree trace``: messages of a stream as they pass."""

import shutil
import sys
from threading import Timer

import msgspec

from feedtree.ops.inspect.client import Client
from feedtree.ops.inspect.protocol import FASTEST_TRACE, MOST_TRACED, Trace, Traced, TraceEnd
from feedtree.ops.operate.attach import FINE, WRONG_USE, attached, complain
from feedtree.ops.operate.spans import moment

PATIENCE = 2.0  # s without a message, after which that is said
_ELSEWHERE = ("topic", "venue", "account", "received_ns", "venue_ns", "sent_ns")  # said before, or in --json
_LONGEST = 100  # characters of a value; --json prints all of it


def print_trace(wanted: str | None, path: str, *, count: int, rate: float, symbol: str, as_json: bool) -> int:
    """Print messages as they pass, then how many passed unseen; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: of a stream, a venue or an account.
        count: how many messages.
        rate: how many a second at most.
        symbol: of this one alone; empty for all.
        as_json: a line of JSON each.
    """
    if not 1 <= count <= MOST_TRACED:
        return complain(f"--count {count}: from 1 to {MOST_TRACED:,}", WRONG_USE)
    if not 0 < rate <= FASTEST_TRACE:
        return complain(f"--rate {rate:g}: more than 0, and {FASTEST_TRACE:g} a second at most", WRONG_USE)
    request = Trace(path=path.strip("/"), count=count, rate=rate, symbol=symbol)

    def show(client: Client) -> int:
        silence = Timer(PATIENCE, _say_that_nothing_passes)
        silence.daemon = True
        silence.start()
        for each in client.follow(request, Traced, TraceEnd):
            silence.cancel()
            if isinstance(each, TraceEnd):
                print(f"{each.shown} messages shown, {each.skipped:,} passed unseen", file=sys.stderr)
            elif as_json:
                print(msgspec.json.encode(each).decode(), flush=True)
            else:
                print(_fitting(_line(each)), flush=True)
        return FINE

    return attached(wanted, show)


def _say_that_nothing_passes() -> None:
    print(f"nothing has passed for {PATIENCE:g} s; Ctrl-C ends it", file=sys.stderr)


def _line(message: Traced) -> str:
    said = message.message
    facts = " ".join(f"{key}={_value(value)}" for key, value in said.items() if key not in _ELSEWHERE)
    return f"{moment(message.received_ns)}  {message.type:<12}  {message.topic}  {facts}"


def _value(value: object) -> str:
    if isinstance(value, dict) and value.keys() == {"base", "quote"}:
        return f"{value['base']}/{value['quote']}"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _fitting(text: str) -> str:
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return text if len(text) <= width else text[: width - 1] + "…"
