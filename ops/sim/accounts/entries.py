"""Every order-entry request that a venue received: what a checker compares a client's doings with."""

from typing import Literal, TypeAlias

from msgspec import Struct

from feedtree.ops.sim.accounts.orders import AccountOrder

_KEPT = 100_000

Doing: TypeAlias = Literal["place", "cancel", "amend"]
Door: TypeAlias = Literal["rest", "websocket"]


class Entry(Struct, kw_only=True, tag="entry"):
    """One request, taken down when it arrived, whatever became of it.

    Args:
        number: counted from 1 over the venue.
        at_ns: UTC.
        door: how it came.
        who: the caller's address, or its connection's number.
        account: whose; empty where the key is unknown.
        doing: what it asks for.
        client_id: the client's name for the order, empty for none.
        order_id: the venue's id that it names, or got.
        symbol: in the venue's spelling.
        outcome: ``accepted``, the venue's word for a refusal, or empty while (or because) nothing was answered.
    """

    number: int
    at_ns: int
    door: Door
    who: str
    account: str
    doing: Doing
    client_id: str = ""
    order_id: str = ""
    symbol: str = ""
    outcome: str = ""

    def accepted(self, order: AccountOrder) -> None:
        """Note that it led to an order, or changed one."""
        self.outcome, self.order_id = "accepted", str(order.number)


class Entries:
    """The newest order-entry requests of a venue."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._count = 0

    @property
    def next_number(self) -> int:
        """What the next one gets."""
        return self._count + 1

    def add(self, entry: Entry) -> Entry:
        """Take one down; one of the newest's number replaces it."""
        self._entries[entry.number] = entry
        self._count = max(self._count, entry.number)
        if len(self._entries) > _KEPT:
            del self._entries[next(iter(self._entries))]
        return entry

    def matching(self, account: str, client_id: str) -> list[Entry]:
        """Return those of an account and of a client id (empty: any), oldest first."""
        return [
            entry
            for entry in self._entries.values()
            if account in ("", entry.account) and client_id in ("", entry.client_id)
        ]
