"""The control paths about accounts: what is true of them, and what was asked in their name."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from feedtree.ops.sim.accounts import truth
from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.venue import Venue

Query: TypeAlias = Mapping[str, str]
Shape: TypeAlias = dict[str, object]


class UnknownAccount(ValueError):
    """No such account; the message says what there is."""


class AccountControl:
    """Answers the control paths about accounts: by venue, then by account.

    Args:
        chosen: returns the venues that a query is about.
    """

    def __init__(self, chosen: Callable[[Query], list[Venue]]) -> None:
        self._chosen = chosen
        self.calls: dict[str, Callable[[Query], object]] = {
            "/accounts": lambda query: self._each(query, self._account),
            "/orders": lambda query: self._each(query, self._orders),
            "/fills": lambda query: self._each(query, self._fills),
            "/entries": self._entries,
        }

    def _each(
        self, query: Query, show: Callable[[PrivateSide, Account, Query], object]
    ) -> dict[str, dict[str, object]]:
        return {
            venue.name: {account.name: show(side, account, query) for account in _accounts(side, query)}
            for venue, side in self._sides(query)
        }

    def _account(self, side: PrivateSide, account: Account, _: Query) -> Shape:
        rows = [truth.order(side, side.market(found), found) for found in account.now.open.values()]
        return {"balances": truth.balances(account), "open_orders": rows}

    def _orders(self, side: PrivateSide, account: Account, query: Query) -> list[Shape]:
        named = query.get("client_id", "")
        return [
            truth.order(side, side.market(found), found)
            for found in account.now.orders.values()
            if named in ("", found.ticket.client_id)
        ]

    def _fills(self, side: PrivateSide, account: Account, query: Query) -> list[Shape]:
        named = query.get("client_id", "")
        after = query.get("after", "0")
        return [
            truth.fill(side, side.market(found), found)
            for found in account.now.fills[int(after) if after.isdecimal() else 0 :]
            if named in ("", found.client_id)
        ]

    def _entries(self, query: Query) -> object:
        account, client_id = query.get("account", ""), query.get("client_id", "")
        return {venue.name: side.entries.matching(account, client_id) for venue, side in self._sides(query)}

    def _sides(self, query: Query) -> list[tuple[Venue, PrivateSide]]:
        return [(venue, venue.private) for venue in self._chosen(query) if venue.private is not None]


def _accounts(side: PrivateSide, query: Query) -> list[Account]:
    every = list(side.accounts.values())
    found = [account for account in every if query.get("account", account.name) == account.name]
    if not found and "venue" in query:
        names = ", ".join(account.name for account in every)
        raise UnknownAccount(f"unknown account {query.get('account')!r}: there are {names or 'none'}")
    return found
