"""The accounts of simulated exchanges: opened by name, and what is true of them."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from feedtree.ops.chaos.spelling import known
from feedtree.ops.chaos.testing.values import amount, wrong
from feedtree.ops.sim.accounts import truth
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.config import AccountConfig, demo_accounts
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.venue import Venue

Balances: TypeAlias = Mapping[str, str | int | float | Decimal]  # asset -> amount
_FIRST_UID = 20_000_100


class AlreadyOpen(ValueError):
    """The account has balances already: others cannot be given to it."""


class HeldBalance(Struct, frozen=True):
    """What an account has of one asset."""

    available: Decimal
    locked: Decimal


class Accounts:
    """The accounts at all venues of one test.

    Args:
        venue: finds a venue by its name.
    """

    def __init__(self, venue: Callable[[str], Venue]) -> None:
        self._venue = venue
        self._opened = 0

    def side(self, venue: str) -> PrivateSide:
        """Return the private side of a venue."""
        side = self._venue(venue).private
        assert side is not None  # a replayed session alone has none
        return side

    def open(self, venue: str, name: str, balances: Balances | None = None) -> Account:
        """Return an account, opened where it is not there yet.

        Args:
            venue: where.
            name: its name; its key is ``simulated-NAME-key``, its secret ``simulated-NAME-secret``.
            balances: what it starts with, asset -> amount; None is plenty of every asset that is listed.

        Raises:
            AlreadyOpen: it is there, and balances are given.
            WrongFault: the venue lists no such asset, or that is no amount.
        """
        side = self.side(venue)
        for account in side.accounts.values():
            if account.name == name:
                if balances is not None:
                    raise AlreadyOpen(f"{venue}: account {name!r} is open already, with balances of its own")
                return account
        (plenty,) = demo_accounts([venue], [market.symbol for market in self._venue(venue).markets.values()])
        given = (
            dict(plenty.balances) if balances is None else _amounts(venue, name, balances, plenty.balances)
        )
        key, secret = f"simulated-{name}-key", f"simulated-{name}-secret"
        self._opened += 1
        side.add(AccountConfig(venue, name, key, secret, given, uid=_FIRST_UID + self._opened))
        return side.accounts[key]

    def named(self, venue: str) -> dict[str, Account]:
        """Return all accounts of a venue by their names."""
        return {account.name: account for account in self.side(venue).accounts.values()}

    def get(self, venue: str, name: str) -> Account:
        """Return an account.

        Raises:
            WrongFault: there is none of that name.
        """
        named = self.named(venue)
        return named[known(name, named, f"{venue}: account")]

    def balances(self, venue: str, name: str) -> dict[str, HeldBalance]:
        """Return what an account has that is not 0, by asset."""
        return {
            asset: HeldBalance(Decimal(held["available"]), Decimal(held["locked"]))
            for asset, held in truth.balances(self.get(venue, name)).items()
        }


def _amounts(venue: str, account: str, balances: Balances, listed: Iterable[str]) -> dict[str, str]:
    what = f"{venue}: account {account!r}"
    if not isinstance(balances, Mapping):
        raise wrong(f"{what}: balances", balances, 'amounts by asset, {"USDT": "1000"}')
    return {
        known(asset, listed, f"{what}: asset"): amount(held, f"{what}: {asset}")
        for asset, held in balances.items()
    }
