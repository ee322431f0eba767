"""What each config value may be: one rule for each kind, each naming the wrong value and what is allowed."""

import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import urlsplit

from feedtree.exchanges.public.channels import Book, BookSpeed, Channel, KlineInterval, parse_channel
from feedtree.exchanges.symbols import Symbol

Item = TypeVar("Item")

MAX_COALESCE = 1.0  # s; more would be taken for a dead stream
_SPEEDS = "|".join(get_args(BookSpeed))
_CHANNEL_FORMS = {
    "book": f"book[:{_SPEEDS}[:LEVELS]]",
    "trades": "trades",
    "book_ticker": f"book_ticker[:{_SPEEDS}]",
    "ticker": "ticker",
    "kline": f"kline[:{'|'.join(get_args(KlineInterval))}]",
}
_SHOWN = 200  # characters of a wrong value that an error repeats
_CREDENTIALS = re.compile(r"//[^/@]*@")
_KEYLIKE = re.compile(r"(?=[A-Za-z]*[0-9])[0-9A-Za-z]{16,}")  # a key that stands where its name belongs


class Wrong(ValueError):
    """A value breaks its rule.

    Attributes:
        key: where inside the value, ``[2]``; empty for the value itself.
        problem: the value, and what is allowed.
    """

    def __init__(self, problem: str, *, key: str = "") -> None:
        super().__init__(problem)
        self.key = key
        self.problem = problem


def shown(value: object) -> str:
    """Return a value as an error shows it: on one line, cut, without a URL's credentials and what may be a key."""
    text = _KEYLIKE.sub("***", _CREDENTIALS.sub("//***@", str(value)))
    if isinstance(value, str):
        text = f'"{text}"'
    elif isinstance(value, bool):
        text = text.lower()
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def choice(value: object, allowed: Iterable[str]) -> str:
    """Accept one of a few words."""
    names = list(allowed)
    if isinstance(value, str) and value in names:
        return value
    raise Wrong(f"{shown(value)} is unknown{guess(value, names)}; allowed: {', '.join(names)}")


def guess(value: object, names: Iterable[str]) -> str:
    """Return ``(did you mean "book"?)`` with a blank before it; empty where nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(value.lower(), list(names), n=1, cutoff=0.5) if isinstance(value, str) else []
    return f' (did you mean "{near[0]}"?)' if near else ""


def symbols(value: object) -> tuple[Symbol, ...]:
    """Accept a list of one or more different symbols."""
    wanted = _each(value, _symbol, 'a list like ["BTC/USDT"]')
    if not wanted:
        raise Wrong('an empty list; allowed: one symbol or more, like ["BTC/USDT"]')
    return wanted


def channels(value: object) -> tuple[Channel, ...]:
    """Accept a list of one or more different channels, or their plain names."""
    wanted = _each(value, _channel, 'a list like ["book", "trades"]')
    if not wanted:
        raise Wrong('an empty list; allowed: one channel or more, like ["book", "trades"]')
    return wanted


def url(*schemes: str) -> Callable[[object], str]:
    """Make the rule for an address of one of these schemes."""
    allowed = f"allowed: an address like {schemes[0]}://host:port/path"

    def rule(value: object) -> str:
        if not isinstance(value, str):
            raise Wrong(f"{shown(value)} is not a text; {allowed}")
        try:
            parts = urlsplit(value)
            complete = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError as error:
            raise Wrong(f"{shown(value)}: {error}; {allowed}") from error
        if not complete:
            raise Wrong(f"{shown(value)} is not a {' or '.join(schemes)} address; {allowed}")
        return value

    return rule


def proxy(value: object) -> str:
    """Accept the address of an HTTP proxy; a wrong one is not shown, since a password may stand anywhere in it."""
    try:
        return url("http")(value)
    except Wrong:
        raise Wrong("is no http address (it is not shown); allowed: http://user:password@host:port") from None


def file(value: object) -> str:
    """Accept the path of a file that exists."""
    if not isinstance(value, str | Path):
        raise Wrong(f"{shown(value)} is not a text; allowed: the path of a PEM file")
    if not Path(value).is_file():
        raise Wrong(f"{shown(str(value))} is not a file; allowed: the path of a PEM file")
    return str(value)


def ip_address(value: object) -> str:
    """Accept an IPv4 or IPv6 address."""
    import ipaddress

    try:
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))
    except ValueError as error:
        allowed = "allowed: an IP address of this machine, like 192.0.2.10"
        raise Wrong(f"{shown(value)} is not an IP address; {allowed}") from error


def flag(value: object) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise Wrong(f"{shown(value)} is not a truth value; allowed: true, false")
    return value


def seconds_or_never(value: object) -> float:
    """Accept a number of seconds; 0 stands for never."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise Wrong(f"{shown(value)} is not a number of seconds; allowed: 0.05 and the like, 0 for never")
    return float(value)


def at_least_one(value: object) -> int:
    """Accept a whole number from 1 on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Wrong(f"{shown(value)} is not a whole number; allowed: 1 or more")
    return value


def port(value: object) -> int:
    """Accept a TCP port; 0 stands for a free one."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
        raise Wrong(f"{shown(value)} is not a port; allowed: 1 to 65535, 0 for a free one")
    return value


def loopback(value: object) -> str:
    """Accept an address that only this machine reaches."""
    import ipaddress

    with suppress(ValueError):
        if isinstance(value, str) and ipaddress.ip_address(value).is_loopback:
            return value
    raise Wrong(f"{shown(value)} is not a loopback address; allowed: 127.0.0.1, ::1 and the like")


def redundancy(value: object) -> int:
    """Accept the number of connections a shard."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in (1, 2):
        raise Wrong(f"{shown(value)} is not allowed; allowed: 1 or 2 connections a shard")
    return value


def reading(value: object) -> str:
    """Accept a reading mode: ``wait``, ``spin``, ``coalesce`` or ``coalesce:SECONDS``."""
    mode, colon, seconds = value.partition(":") if isinstance(value, str) else (value, "", "")
    allowed = ("wait", "spin", "coalesce", "coalesce:SECONDS")
    if not colon:
        return choice(mode, allowed[:3] if mode in allowed[:3] else allowed)
    if mode != "coalesce" or not 0 < _number(seconds) <= MAX_COALESCE:
        raise Wrong(
            f"{shown(value)} is no reading mode; allowed: {', '.join(allowed)} (0 to {MAX_COALESCE:g} s)"
        )
    return str(value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _symbol(value: Any) -> Symbol:
    if isinstance(value, Symbol):
        return value
    if not isinstance(value, str):
        raise Wrong(f"{shown(value)} is not a text; allowed: a symbol like BTC/USDT")
    try:
        return Symbol.parse(value)
    except ValueError as error:
        raise Wrong(f"{shown(value)} is not a symbol; allowed: BASE/QUOTE, like BTC/USDT") from error


def _channel(value: Any) -> Channel:
    if not isinstance(value, str | Channel):
        raise Wrong(f'{shown(value)} is not a channel; allowed: a name like "book" or "kline:1m"')
    try:
        channel = parse_channel(value)
    except ValueError as error:
        raise Wrong(f"{shown(value)} is not a channel{_forms(value)}") from error
    if isinstance(channel, Book) and channel.depth is not None and channel.depth < 1:
        raise Wrong(f"{shown(str(value))}: depth {channel.depth}; allowed: 1 level or more")
    return channel


def _forms(value: Any) -> str:
    """What is allowed instead: the forms of this channel, or the names of all."""
    name = str(value).partition(":")[0]
    if name in _CHANNEL_FORMS:
        return f"; allowed: {_CHANNEL_FORMS[name]}"
    return f"{guess(name, _CHANNEL_FORMS)}; allowed: {', '.join(_CHANNEL_FORMS)}"


def _each(value: object, rule: Callable[[Any], Item], allowed: str) -> tuple[Item, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise Wrong(f"{shown(value)} is not a list; allowed: {allowed}")
    accepted: dict[Item, None] = {}
    for index, raw in enumerate(value):
        try:
            item = rule(raw)
        except Wrong as error:
            raise Wrong(error.problem, key=f"[{index}]{error.key}") from error
        if item in accepted:
            raise Wrong(f"{shown(str(item))} is listed twice; allowed: each once", key=f"[{index}]")
        accepted[item] = None
    return tuple(accepted)


REACH: dict[str, Callable[[object], object]] = {
    "ws_url": url("ws", "wss"),
    "alternate_ws_url": url("ws", "wss"),
    "rest_url": url("http", "https"),
    "ca_file": file,
    "local_address": ip_address,
    "proxy": proxy,
}
"""How a venue is reached, for market data and for an account alike; each may be left out."""
