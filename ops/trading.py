"""``feedtree run --simulated --trade``: an account at each simulated venue, with a paper trader in its branch."""

from collections.abc import Mapping
from random import Random

import trio

from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.private.websocket import BasePrivateWebsocket
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.app import Tree, private_websocket_class
from feedtree.ops.config import Venue
from feedtree.ops.paper import PaperTrader
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.supervisors import ChildSpec

NAME = "main"
TRADER = "trader"
TRADER_STOP = 0.2  # seconds for it to end
WOUND_UP_WITHIN = 3.0  # seconds for its orders to be cancelled, and for the account to know it
_DAY_NS = 86_400 * 10**9


class PaperAccounts:
    """The accounts that paper traders trade.

    Args:
        tree: where they live.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._traders: list[PaperTrader] = []
        self._accounts: dict[str, tuple[BasePrivateWebsocket, tuple[Symbol, ...]]] = {}

    async def open_all(self, venues: Mapping[str, Venue]) -> None:
        """Open an account at each venue that is enabled."""
        for name, venue in venues.items():
            if venue.enabled:
                await self.open(name, venue)

    async def open(self, name: str, venue: Venue) -> None:
        """Open an account at a venue, and let a trader begin.

        Args:
            name: of the venue.
            venue: its config, with the addresses of the simulators.
        """
        symbols = venue.symbols
        account = private_websocket_class(name)(
            self._tree,
            Credentials(DEMO_KEY, DEMO_SECRET),
            name=NAME,
            options=Reach(ws_url=venue.ws_url, rest_url=venue.rest_url),
            symbols=symbols,
        )
        feed = self._tree.websockets[name].feed
        trader = PaperTrader(
            account.orders, account.account.store, lambda symbol: feed.view(symbol, 1), symbols, Random()
        )
        account.beside.append(ChildSpec(id=TRADER, start=trader.run, shutdown=TRADER_STOP))
        self._traders.append(trader)
        self._accounts[account.key] = account, symbols
        await account.initialize()

    async def wind_up(self) -> None:
        """Let the traders leave off, and cancel their orders, so that nothing changes any more."""
        for trader in self._traders:
            trader.resting = True
        with trio.move_on_after(WOUND_UP_WITHIN):
            for account, symbols in self._accounts.values():
                await account.orders.cancel_all(symbols)
                await _at_rest(account.account.store)

    async def fills_at_venue(self) -> Mapping[str, int]:
        """Ask the simulated venues over REST how many fills the accounts had; one that does not answer is left out."""
        counts: dict[str, int] = {}
        for key, (account, symbols) in self._accounts.items():
            since_ns = account.account.clock.now_ns() - _DAY_NS
            wanted = (None,) if account.VENUE.history.account_wide else symbols
            try:
                rows = [await account.account.rest.fills(symbol, since_ns) for symbol in wanted]
            except (RestFailed, VenueThrottled):
                continue
            counts[key] = len({(fill.symbol, fill.order_id, fill.trade_id) for each in rows for fill in each})
        return counts

    def unknown(self, key: str) -> int:
        """Return how many orders of an account are of unknown outcome."""
        return len(self._accounts[key][0].orders.unresolved) if key in self._accounts else 0


async def _at_rest(store: AccountStore) -> None:
    await store.wait(lambda: store.consistent and not store.open_orders())
