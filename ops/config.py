"""The config: which venues, symbols and channels, and how they are reached; one TOML file, or values in code.

A value that is wrong raises `ConfigError`, in a file and in code alike.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Literal, cast

from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Trades
from feedtree.exchanges.symbols import Symbol
from feedtree.ops import config_accounts as accounts
from feedtree.ops import config_rules as rules
from feedtree.ops.config_accounts import Account as Account
from feedtree.ops.config_error import ConfigError as ConfigError
from feedtree.ops.config_error import judged
from feedtree.ops.config_metrics import Metrics as Metrics

_ENDPOINTS = {  # imported where a config needs their limits
    "gateio.spot": "feedtree.exchanges.gateio.endpoints",
    "mexc.spot": "feedtree.exchanges.mexc.endpoints",
}
VENUES = tuple(_ENDPOINTS)
DEFAULT_CHANNELS: tuple[Channel, ...] = (Book(), Trades(), BookTicker())

Delivery = Literal["mailbox", "tap"]
OnStuck = Literal["wait", "exit"]


@dataclass(frozen=True, slots=True, init=False)
class Venue:
    """One venue: what is wanted of it, and how it is reached.

    Args:
        symbols: one or more, as `Symbol` or ``"BTC/USDT"``.
        channels: as values or plain names; None means book, trades and book ticker.
        ws_url: another websocket address than the venue's own.
        alternate_ws_url: a websocket address to go to when the first stays away for three attempts.
        rest_url: another REST address than the venue's own.
        ca_file: a PEM file to verify the venue's certificate with, instead of the system's authorities.
        local_address: the IP address to connect from.
        proxy: an HTTP CONNECT proxy, ``http://host:port``.
        enabled: False leaves the venue out.
        redundancy: connections that carry each shard at the same time: 1, or 2, so that the loss of one costs nothing.
        read: how sockets are read: ``wait``, ``spin``, ``coalesce`` (1 ms) or ``coalesce:SECONDS``.
        delivery: ``mailbox``, or ``tap`` where the app attaches taps and wants no mailbox fed.
        topics_per_connection: another number than the venue's own (Gate.io 100, up to 4,000; MEXC 30, its limit).

    Raises:
        ConfigError: a value is not allowed.
    """

    symbols: tuple[Symbol, ...]
    channels: tuple[Channel, ...]
    ws_url: str | None
    alternate_ws_url: str | None
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
        alternate_ws_url: str | None = None,
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
            "alternate_ws_url": alternate_ws_url,
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
            object.__setattr__(self, key, None if unset else judged(key, _RULES[key], value))

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
            object.__setattr__(self, key, judged(key, _WATCH_RULES[key], value))


@dataclass(frozen=True, slots=True, init=False)
class Config:
    """What a tree runs.

    Args:
        venues: by name, ``gateio.spot``; may be empty for an app that makes its websocket objects itself.
        accounts: by venue and name: ``{"gateio.spot": {"main": Account(...)}}``.
        watch: how the tree watches over its actors.
        metrics: where the tree serves its metrics; None for nowhere.

    Raises:
        ConfigError: a venue is unknown, or is to carry more topics a connection than it can.
    """

    venues: dict[str, Venue]
    accounts: dict[str, dict[str, Account]]
    watch: Watch
    metrics: Metrics | None

    def __init__(
        self,
        venues: Mapping[str, Venue],
        *,
        accounts: Mapping[str, Mapping[str, Account]] | None = None,
        watch: Watch | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        if not isinstance(watch, Watch | None):
            raise ConfigError(
                "watch", f"{rules.shown(watch)} is not a Watch; allowed: Watch(stall_after=0.05)"
            )
        if not isinstance(metrics, Metrics | None):
            raise ConfigError(
                "metrics", f"{rules.shown(metrics)} is not a Metrics; allowed: Metrics(port=9464)"
            )
        object.__setattr__(self, "watch", watch or Watch())
        object.__setattr__(self, "metrics", metrics)
        for name, venue in venues.items():
            key = f'venues."{name}"'
            judged(key, venue_name, name)
            if not isinstance(venue, Venue):
                raise ConfigError(key, f"{rules.shown(venue)} is not a Venue; allowed: Venue(symbols=[...])")
            _carried(key, name, venue.topics_per_connection)
        object.__setattr__(self, "venues", dict(venues))
        object.__setattr__(self, "accounts", _checked_accounts(accounts or {}))


def _checked_accounts(given: Mapping[str, Mapping[str, Account]]) -> dict[str, dict[str, Account]]:
    checked: dict[str, dict[str, Account]] = {}
    for venue, named in given.items():
        judged(f'accounts."{venue}"', venue_name, venue)
        for name, account in named.items():
            key = f'accounts."{venue}".{name}'
            judged(key, accounts.account_name, name)
            if not isinstance(account, Account):
                raise ConfigError(key, f"{rules.shown(account)} is not an Account; allowed: Account(...)")
        checked[venue] = dict(named)
    return checked


def _carried(key: str, name: str, topics: int | None) -> None:
    if topics is None:
        return
    most = import_module(_ENDPOINTS[name]).SPOT.most_topics
    if topics > most:
        raise ConfigError(f"{key}.topics_per_connection", f"{topics} is too many; allowed: 1 to {most}")


def venue_name(value: object) -> str:
    """Accept the name of a venue."""
    return rules.choice(value, VENUES)


_RULES: dict[str, Callable[[object], object]] = {
    "symbols": rules.symbols,
    "channels": rules.channels,
    **rules.REACH,
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
_OPTIONAL = frozenset({*rules.REACH, "topics_per_connection"})
VENUE_KEYS = tuple(_RULES)
"""What may stand in a venue's table."""
WATCH_KEYS = tuple(_WATCH_RULES)
"""What may stand in the table ``watch``."""
