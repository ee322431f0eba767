"""The config: which venues, symbols and channels, and how they are reached; one TOML file, or values in code.

A value that is wrong raises `ConfigError`, in a file and in code alike.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, cast

from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Trades
from feedtree.exchanges.symbols import Symbol
from feedtree.ops import config_rules as rules

_ENDPOINTS = {  # imported where a config needs their limits
    "gateio.spot": "feedtree.exchanges.gateio.endpoints",
    "mexc.spot": "feedtree.exchanges.mexc.endpoints",
}
VENUES = tuple(_ENDPOINTS)
DEFAULT_CHANNELS: tuple[Channel, ...] = (Book(), Trades(), BookTicker())

Delivery = Literal["mailbox", "tap"]
OnStuck = Literal["wait", "exit"]


class ConfigError(ValueError):
    """A config is wrong; the message names file, key path, the wrong value, and what is allowed.

    Attributes:
        key: the path of the wrong key, ``venues."gateio.spot".symbols[0]``; empty for the file as a whole.
        problem: the wrong value, and what is allowed.
        file: the file; empty for a config that was made in code.
    """

    def __init__(self, key: str, problem: str, *, file: str = "") -> None:
        super().__init__(": ".join(part for part in (file, key, problem) if part))
        self.key = key
        self.problem = problem
        self.file = file


@dataclass(frozen=True, slots=True, init=False)
class Venue:
    """One venue: what is wanted of it, and how it is reached.

    Args:
        symbols: one or more, as `Symbol` or ``"BTC/USDT"``.
        channels: as values or plain names; None means book, trades and book ticker.
        ws_url: another websocket address than the venue's own.
        rest_url: another REST address than the venue's own.
        ca_file: a PEM file to verify the venue's certificate with, instead of the system's authorities.
        local_address: the IP address to connect from.
        proxy: an HTTP CONNECT proxy, ``http://host:port``.
        enabled: False leaves the venue out.
        redundancy: connections that carry each shard at the same time; 1.
        read: how sockets are read: ``wait``, ``spin``, ``coalesce`` (1 ms) or ``coalesce:SECONDS``.
        delivery: ``mailbox``, or ``tap`` where the app attaches taps and wants no mailbox fed.
        topics_per_connection: another number than the venue's own (Gate.io 100, up to 4,000; MEXC 30, its limit).

    Raises:
        ConfigError: a value is not allowed.
    """

    symbols: tuple[Symbol, ...]
    channels: tuple[Channel, ...]
    ws_url: str | None
    rest_url: str | None
    ca_file: str | None
    local_address: str | None
    proxy: str | None = field(repr=False)  # may hold credentials
    enabled: bool
    redundancy: int
    read: str
    delivery: Delivery
    topics_per_connection: int | None

    def __init__(
        self,
        symbols: Iterable[Symbol | str],
        *,
        channels: Iterable[Channel | str] | None = None,
        ws_url: str | None = None,
        rest_url: str | None = None,
        ca_file: str | None = None,
        local_address: str | None = None,
        proxy: str | None = None,
        enabled: bool = True,
        redundancy: int = 1,
        read: str = "wait",
        delivery: Delivery = "mailbox",
        topics_per_connection: int | None = None,
    ) -> None:
        given = {
            "symbols": symbols,
            "channels": DEFAULT_CHANNELS if channels is None else channels,
            "ws_url": ws_url,
            "rest_url": rest_url,
            "ca_file": ca_file,
            "local_address": local_address,
            "proxy": proxy,
            "enabled": enabled,
            "redundancy": redundancy,
            "read": read,
            "delivery": delivery,
            "topics_per_connection": topics_per_connection,
        }
        for key, value in given.items():
            unset = value is None and key in _OPTIONAL
            object.__setattr__(self, key, None if unset else _judged(key, _RULES[key], value))

    @property
    def coalesce_s(self) -> float:
        """Seconds that a reader in mode ``coalesce`` sleeps between two reads; 0 in the other modes."""
        mode, _, seconds = self.read.partition(":")
        return float(seconds or 0.001) if mode == "coalesce" else 0.0

    @property
    def read_mode(self) -> Literal["wait", "spin", "coalesce"]:
        """The reading mode without its seconds."""
        return cast('Literal["wait", "spin", "coalesce"]', self.read.partition(":")[0])


@dataclass(frozen=True, slots=True, init=False)
class Watch:
    """How a tree watches over its actors.

    Args:
        stall_after: seconds after which an actor that blocks the event loop is named, with its stack; 0 for never.
        accounting: whether to measure what every actor costs; some 4 µs for each step of a task.
        on_stuck: what to do about an actor that ignores its cancellation past its grace: ``wait`` for it, or ``exit``
            the process with code 70.

    Raises:
        ConfigError: a value is not allowed.
    """

    stall_after: float
    accounting: bool
    on_stuck: OnStuck

    def __init__(
        self, *, stall_after: float = 0.05, accounting: bool = False, on_stuck: OnStuck = "wait"
    ) -> None:
        given = {"stall_after": stall_after, "accounting": accounting, "on_stuck": on_stuck}
        for key, value in given.items():
            object.__setattr__(self, key, _judged(key, _WATCH_RULES[key], value))


@dataclass(frozen=True, slots=True, init=False)
class Config:
    """What a tree runs.

    Args:
        venues: by name, ``gateio.spot``; may be empty for an app that makes its websocket objects itself.
        watch: how the tree watches over its actors.

    Raises:
        ConfigError: a venue is unknown, or is to carry more topics a connection than it can.
    """

    venues: dict[str, Venue]
    watch: Watch

    def __init__(self, venues: Mapping[str, Venue], *, watch: Watch | None = None) -> None:
        if not isinstance(watch, Watch | None):
            raise ConfigError(
                "watch", f"{rules.shown(watch)} is not a Watch; allowed: Watch(stall_after=0.05)"
            )
        object.__setattr__(self, "watch", watch or Watch())
        for name, venue in venues.items():
            key = f'venues."{name}"'
            _judged(key, _venue_name, name)
            if not isinstance(venue, Venue):
                raise ConfigError(key, f"{rules.shown(venue)} is not a Venue; allowed: Venue(symbols=[...])")
            _carried(key, name, venue.topics_per_connection)
        object.__setattr__(self, "venues", dict(venues))


def load_config(path: str | Path) -> Config:
    """Read a TOML file strictly: an unknown key is an error, as is a wrong value.

    A relative ``ca_file`` is looked for beside the config file.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or holds something that is not allowed.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as stream:
            document = tomllib.load(stream)
        return _config(document, Path(path).parent)
    except OSError as error:
        raise ConfigError("", f"cannot be read: {error.strerror}", file=file) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("", f"is not TOML: {error}", file=file) from error
    except ConfigError as error:
        raise ConfigError(error.key, error.problem, file=file) from error


def _config(document: dict[str, Any], folder: Path) -> Config:
    _known_keys("", document, ("venues", "watch"))
    tables = _table("venues", document.get("venues", {}))
    for name, table in tables.items():
        _refuse_bare_name(name, table)
        _judged(f'venues."{name}"', _venue_name, name)
    venues = {name: _venue(f'venues."{name}"', table, folder) for name, table in tables.items()}
    return Config(venues, watch=_watch(document.get("watch", {})))


def _watch(raw: object) -> Watch:
    table = _table("watch", raw)
    _known_keys("watch", table, tuple(_WATCH_RULES))
    try:
        return Watch(**table)
    except ConfigError as error:
        raise ConfigError(f"watch.{error.key}", error.problem) from error


def _refuse_bare_name(name: str, table: object) -> None:
    """Say what is meant to one who wrote ``[venues.gateio.spot]``, which TOML reads as a table in a table."""
    for inner in table if isinstance(table, dict) else ():
        if (venue := f"{name}.{inner}") in VENUES:
            raise ConfigError(f"venues.{venue}", f'a dotted name needs quotes; allowed: [venues."{venue}"]')


def _venue(key: str, raw: object, folder: Path) -> Venue:
    table = dict(_table(key, raw))
    _known_keys(key, table, tuple(_RULES))
    if "symbols" not in table:
        raise ConfigError(f"{key}.symbols", 'is missing; allowed: a list like ["BTC/USDT"]')
    if isinstance(table.get("ca_file"), str):
        table["ca_file"] = str(folder / table["ca_file"])
    try:
        return Venue(**table)
    except ConfigError as error:
        raise ConfigError(f"{key}.{error.key}", error.problem) from error


def _table(key: str, raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigError(key, f"{rules.shown(raw)} is not a table; allowed: [{key}] and its keys below it")
    return raw


def _known_keys(prefix: str, table: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for key in table:
        if key not in allowed:
            at = f"{prefix}.{key}" if prefix else key
            raise ConfigError(at, f"unknown key{rules.guess(key, allowed)}; allowed: {', '.join(allowed)}")


def _judged(key: str, rule: Callable[[object], object], value: object) -> object:
    try:
        return rule(value)
    except rules.Wrong as error:
        raise ConfigError(f"{key}{error.key}", error.problem) from error


def _carried(key: str, name: str, topics: int | None) -> None:
    if topics is None:
        return
    most = import_module(_ENDPOINTS[name]).SPOT.most_topics
    if topics > most:
        raise ConfigError(f"{key}.topics_per_connection", f"{topics} is too many; allowed: 1 to {most}")


def _venue_name(value: object) -> str:
    return rules.choice(value, VENUES)


_RULES: dict[str, Callable[[object], object]] = {
    "symbols": rules.symbols,
    "channels": rules.channels,
    "ws_url": rules.url("ws", "wss"),
    "rest_url": rules.url("http", "https"),
    "ca_file": rules.file,
    "local_address": rules.ip_address,
    "proxy": rules.url("http"),
    "enabled": rules.flag,
    "redundancy": rules.redundancy,
    "read": rules.reading,
    "delivery": lambda value: rules.choice(value, ("mailbox", "tap")),
    "topics_per_connection": rules.at_least_one,
}
_WATCH_RULES: dict[str, Callable[[object], object]] = {
    "stall_after": rules.seconds_or_never,
    "accounting": rules.flag,
    "on_stuck": lambda value: rules.choice(value, ("wait", "exit")),
}
_OPTIONAL = frozenset({"ws_url", "rest_url", "ca_file", "local_address", "proxy", "topics_per_connection"})
