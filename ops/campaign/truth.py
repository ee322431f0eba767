"""What the simulated exchanges say, asked over their control paths; and what goes wrong there on request."""

from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.wire.transport import Network

Shape = TypeVar("Shape")


class TrueBalance(Struct, frozen=True):
    """What an account has of one asset."""

    available: Decimal
    locked: Decimal


class TrueOrder(Struct, frozen=True):
    """An order, by the id that the venue tells."""

    order_id: str
    client_order_id: str
    symbol: str
    filled: Decimal
    open: bool
    ended: str


class TrueFill(Struct, frozen=True):
    """A fill, and when (UTC ns)."""

    order_id: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    venue_ns: int = 0


class TrueEntry(Struct, frozen=True):
    """An order-entry request that arrived."""

    doing: str
    client_id: str
    outcome: str


class TrueAccount(Struct, frozen=True):
    """An account as it stands."""

    balances: dict[str, TrueBalance]
    open_orders: list[TrueOrder]


class Truth:
    """One account's truth.

    Args:
        control: the address of the control paths.
        network: what leads there.
        venue: ``gateio.spot``.
        account: its name there, ``demo``.
        ca_file: what the control paths' certificate is verified with, where they are served over TLS.
    """

    def __init__(
        self, control: str, network: Network, venue: str, account: str, *, ca_file: str | None = None
    ) -> None:
        self._client = RestClient(control, network, ca_file=ca_file)
        self._venue = venue
        self._account = account

    async def account(self) -> TrueAccount:
        """Return balances and open orders."""
        return await self._one("/accounts", TrueAccount)

    async def orders(self) -> list[TrueOrder]:
        """Return every order, oldest first."""
        return await self._one("/orders", list[TrueOrder])

    async def fills(self, after: int = 0) -> list[TrueFill]:
        """Return every fill behind the first so many, oldest first."""
        return await self._one("/fills", list[TrueFill], after=str(after))

    async def entries(self) -> list[TrueEntry]:
        """Return every order-entry request that arrived in the account's name, oldest first."""
        query = {"venue": self._venue, "account": self._account}
        found = await self._client.fetch("/entries", query, dict[str, list[TrueEntry]])
        return found[self._venue]

    async def turn(self, name: str, value: object, seconds: float) -> None:
        """Turn a switch for a while."""
        query = {"venue": self._venue, "name": name, "value": _text(value), "seconds": f"{seconds:.3f}"}
        await self._client.fetch("/switch", query, dict[str, object])

    async def fault(self, kind: str, seconds: float, count: int = 1) -> None:
        """Break something now."""
        query = {"venue": self._venue, "kind": kind, "seconds": f"{seconds:.3f}", "count": str(count)}
        await self._client.fetch("/fault", query, dict[str, object])

    async def quieten(self) -> None:
        """Stop everybody else's orders, so that nothing changes any more."""
        await self._client.fetch("/rate", {"value": "0"}, dict[str, float])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _one(self, path: str, shape: type[Shape], **more: str) -> Shape:
        query = {"venue": self._venue, "account": self._account, **more}
        found = await self._client.fetch(path, query, dict[str, dict[str, shape]])  # type: ignore[valid-type]
        return found[self._venue][self._account]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
