"""The simulated exchanges of a campaign, over their control paths: what is true, and what goes wrong on request."""

from msgspec import Struct

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.campaign.truth import Truth
from feedtree.ops.sim_control import TrueBook


class TrueTrades(Struct, frozen=True):
    """Trades of one symbol.

    Args:
        total: how many there were since the venue began.
        trades: id as the venue tells it, and the time (UTC ns), oldest first.
    """

    total: int
    trades: list[tuple[str, int]]


class _Turned(Struct):
    before: dict[str, object]


class Exchanges:
    """All simulated venues.

    Args:
        control: the address of the control paths.
        network: what leads there.
        ca_file: what their certificate is verified with.
    """

    def __init__(self, control: str, network: Network, ca_file: str | None) -> None:
        self._client = RestClient(control, network, ca_file=ca_file)
        self._reach = control, network, ca_file

    def account(self, venue: str, name: str) -> Truth:
        """Return who tells the truth of an account; close it."""
        control, network, ca_file = self._reach
        return Truth(control, network, venue, name, ca_file=ca_file)

    async def book(self, venue: str, symbol: Symbol, sequence: int) -> TrueBook | None:
        """Return the book at an id; None where the venue does not have that id (any more)."""
        query = {"venue": venue, "symbol": str(symbol), "id": str(sequence)}
        try:
            return await self._client.fetch("/book", query, TrueBook)
        except RestFailed as error:
            if error.status == 404:
                return None
            raise

    async def trades(self, venue: str, symbol: Symbol, after: int | None) -> TrueTrades:
        """Return the trades behind the first ``after`` ones; None asks for their number alone."""
        query = {"venue": venue, "symbol": str(symbol)}
        if after is not None:
            query["after"] = str(after)
        return await self._client.fetch("/trades", query, TrueTrades)

    async def turn(self, venue: str, name: str, value: object) -> object:
        """Turn a switch; return how it stood before."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        answer = await self._client.fetch("/switch", {"venue": venue, "name": name, "value": text}, _Turned)
        return answer.before[venue]

    async def fault(self, venue: str, kind: str, **parameters: object) -> None:
        """Break something now."""
        query = {"venue": venue, "kind": kind, **{key: str(value) for key, value in parameters.items()}}
        await self._client.fetch("/fault", query, dict[str, object])

    async def rate(self, value: float) -> None:
        """Let others trade at so many orders per second; 0: not at all."""
        await self._client.fetch("/rate", {"value": f"{value:g}"}, dict[str, float])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()
