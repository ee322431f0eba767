"""Gate.io's private side: its accounts behind both doors, and what it pushes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.costs import Fees
from feedtree.ops.sim.accounts.lines import PrivatePush
from feedtree.ops.sim.accounts.orders import AccountFill, BalanceTold, OrderTold, Told
from feedtree.ops.sim.accounts.side import PrivateSide
from feedtree.ops.sim.gateio.account_rates import Rates
from feedtree.ops.sim.gateio.account_shapes import balance_pushed, fill_pushed, order_pushed
from feedtree.ops.sim.gateio.denied import Denied, wrong
from feedtree.ops.sim.gateio.envelope import private_push
from feedtree.ops.sim.gateio.identity import Identity
from feedtree.ops.sim.gateio.order_desk import OrderDesk

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.venue import GateioVenue

CHANNELS = ("spot.orders", "spot.orders_v2", "spot.usertrades", "spot.usertrades_v2", "spot.balances")
SILENT = (
    "spot.margin_balances",
    "spot.funding_balances",
    "spot.cross_balances",
    "spot.priceorders",
)  # confirmed; nothing that they tell of is simulated

_FEES = Fees(maker=2_000, taker=2_000, in_quote=False)
_ORDER = {
    "trades_first": ("spot.usertrades", "spot.orders", "spot.balances"),
    "orders_first": ("spot.orders", "spot.usertrades", "spot.balances"),
    "balances_first": ("spot.balances", "spot.orders", "spot.usertrades"),
}

Item = dict[str, object]


class GateioPrivate(PrivateSide):
    """Accounts at Gate.io.

    Args:
        venue: whose.

    Attributes:
        venue: the same.
        switches: of the venue.
        identity: tells whose a request is.
        rates: count requests against their limits.
        desk: does what is asked for.
    """

    def __init__(self, venue: "GateioVenue") -> None:
        super().__init__(venue, venue.switches, _FEES)
        self.venue = venue
        self.switches = venue.switches
        self.identity = Identity(self.accounts, venue.switches)
        self.rates = Rates(venue.switches)
        self.desk = OrderDesk(self)

    def order_name(self, number: int) -> str:
        """See `PrivateSide`."""
        return str(number)

    def trade_name(self, fill: AccountFill) -> str:
        """See `PrivateSide`."""
        return str(fill.number)

    def render(self, account: Account, told: list[Told]) -> list[PrivatePush]:
        """See `PrivateSide`: trades before their orders, balances last, where no switch says otherwise."""
        makers: dict[str, Callable[[bool], list[tuple[str, Item]]]] = {
            "spot.orders": lambda fees: self._orders(account, told, fees=fees),
            "spot.usertrades": lambda fees: self._fills(account, told, fees=fees),
            "spot.balances": lambda _: self._balances(account, told),
        }
        pushes: list[PrivatePush] = []
        for channel in _ORDER[self.switches.private_order]:
            pushes += self._pushes(channel, makers[channel](True))
            if channel != "spot.balances":
                pushes += self._pushes(f"{channel}_v2", makers[channel](False))
        return pushes

    def check_expiry(self, stated: object) -> None:
        """See that a request's expiry, UTC milliseconds, has not passed; one without may come at any time.

        Raises:
            Denied: it has passed, or is no time.
        """
        text = str(stated or "")
        if text and not (text.isdecimal() and len(text) < 15):
            raise wrong(f"Invalid x-gate-exptime: {text[:40]!r}")
        if text and self.now_ns() // 10**6 > int(text):
            raise Denied(400, "REQUEST_EXPIRED", "Request expired: x-gate-exptime has passed")

    def _pushes(self, channel: str, items: Iterable[tuple[str, Item]]) -> list[PrivatePush]:
        by_wire: dict[str, list[Item]] = {}
        for wire, item in items:
            by_wire.setdefault(wire, []).append(item)
        now_ns = self.now_ns()
        return [
            PrivatePush(channel, wire, private_push(channel, found, now_ns))
            for wire, found in by_wire.items()
        ]

    def _orders(self, account: Account, told: list[Told], *, fees: bool) -> list[tuple[str, Item]]:
        markets = self.venue.markets
        return [
            (
                item.order.ticket.wire,
                order_pushed(markets[item.order.ticket.wire], account, item.order, item.event, fees=fees),
            )
            for item in told
            if isinstance(item, OrderTold)
        ]

    def _fills(self, account: Account, told: list[Told], *, fees: bool) -> list[tuple[str, Item]]:
        markets = self.venue.markets
        return [
            (item.wire, fill_pushed(markets[item.wire], account, item, fees=fees))
            for item in told
            if isinstance(item, AccountFill)
        ]

    def _balances(self, account: Account, told: list[Told]) -> list[tuple[str, Item]]:
        silent = () if self.switches.cancel_balances else ("cancel",)
        return [
            ("", balance_pushed(account, item))
            for item in told
            if isinstance(item, BalanceTold) and item.reason not in silent
        ]
