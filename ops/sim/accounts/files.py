"""Accounts of the simulators, read from a TOML file.

One table for each account, by venue and name::

    ["gateio.spot".main]
    key = "..."
    secret = "..."
    balances = { USDT = "10000", BTC = "0.5" }
    permissions = ["read", "trade"]   # what the key may do; this is the default
    ips = ["127.0.0.1"]               # who may use it; by default everybody
    uid = 12345                       # the user's number; by default one of its own
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from feedtree.ops.sim.accounts.config import READ, TRADE, AccountConfig
from feedtree.ops.sim.accounts.money import atoms
from feedtree.ops.sim.markets import GATEIO, MEXC

_VENUES = (GATEIO, MEXC)
_FIRST_UID = 20_000_100


class BadAccounts(ValueError):
    """An accounts file is wrong; the message names file, place, and what is allowed, and no key or secret."""

    def __init__(self, path: Path, place: str, problem: str) -> None:
        super().__init__(f"{path}: {place}: {problem}" if place else f"{path}: {problem}")


class _Table(Struct, forbid_unknown_fields=True):
    key: str
    secret: str
    balances: dict[str, str] = {}
    permissions: tuple[Literal["read", "trade"], ...] = (READ, TRADE)
    ips: list[str] = []
    uid: int | None = None


def read_accounts(path: Path) -> tuple[AccountConfig, ...]:
    """Return the accounts of a file.

    Raises:
        BadAccounts: the file is wrong, or cannot be read.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadAccounts(path, "", f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadAccounts(path, "", f"is no TOML: {error}") from error
    accounts: list[AccountConfig] = []
    known: dict[tuple[str, str], str] = {}
    for venue, name, table in _tables(path, document):
        account = _account(path, venue, name, table, _FIRST_UID + len(accounts))
        other = known.setdefault((venue, account.key), name)
        if other != name:
            raise BadAccounts(path, f"{venue}.{name}.key", f'"{other}" has the same; allowed: one of its own')
        accounts.append(account)
    if not accounts:
        raise BadAccounts(path, "", 'names no account; allowed: tables like ["gateio.spot".main]')
    return tuple(accounts)


def _tables(path: Path, document: dict[str, object]) -> Iterator[tuple[str, str, object]]:
    for venue, accounts in document.items():
        if venue not in _VENUES:
            raise BadAccounts(path, venue, f"is no venue; allowed: {', '.join(_VENUES)} (in quotes)")
        if not isinstance(accounts, dict):
            raise BadAccounts(path, venue, f'is no table; allowed: ["{venue}".NAME]')
        for name, table in accounts.items():
            yield venue, name, table


def _account(path: Path, venue: str, name: str, raw: object, uid: int) -> AccountConfig:
    place = f"{venue}.{name}"
    try:
        table = msgspec.convert(raw, _Table)
    except msgspec.ValidationError as error:
        raise BadAccounts(path, place, str(error)) from None
    for field, value in (("key", table.key), ("secret", table.secret)):
        if not value or not value.isascii() or not value.isprintable():
            raise BadAccounts(path, f"{place}.{field}", "is empty or not printable ASCII")
    for asset, amount in table.balances.items():
        _check_amount(path, f"{place}.balances.{asset}", amount)
    return AccountConfig(
        venue,
        name,
        table.key,
        table.secret,
        balances=table.balances,
        permissions=table.permissions,
        ips=tuple(table.ips),
        uid=uid if table.uid is None else table.uid,
    )


def _check_amount(path: Path, place: str, amount: str) -> None:
    problem = f'"{amount[:40]}" is no amount; allowed: decimals of 0 or more, 18 places, like "10.5"'
    if not amount.replace(".", "", 1).isdecimal() or not amount.isascii():
        raise BadAccounts(path, place, problem)
    try:
        atoms(amount)
    except ValueError as error:
        raise BadAccounts(path, place, problem) from error
