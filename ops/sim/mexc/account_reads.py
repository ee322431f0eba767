"""What MEXC tells of an account over REST."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from feedtree.ops.sim.accounts.config import READ, TRADE
from feedtree.ops.sim.accounts.money import money
from feedtree.ops.sim.accounts.orders import AccountOrder
from feedtree.ops.sim.mexc.account_shapes import fill_row, order_number, order_row, rest_ms
from feedtree.ops.sim.mexc.asked import DAY_MS, Asked, Span, number, span
from feedtree.ops.sim.mexc.tickets import market_of

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate

Shape = dict[str, object]
Row = TypeVar("Row")

_PERMISSIONS = {READ: ("SPOT_ACCOUNT_READ", "SPOT_DEAL_READ"), TRADE: ("SPOT_DEAL_WRITE",)}
_ORDERS_DAYS = 7
_FILLS_DAYS = 30


class AccountReads:
    """Answers the calls that change nothing.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "MexcPrivate") -> None:
        self._side = side

    def balances(self, asked: Asked) -> Shape:
        """``GET /account``: assets of which there is something."""
        purse, granted = self._side.statement(asked.account).purse, asked.account.config.permissions
        return {
            "canTrade": TRADE in granted,
            "canWithdraw": False,
            "canDeposit": False,
            "updateTime": None,
            "accountType": "SPOT",
            "balances": [
                {"asset": name, "free": money(holding.available), "locked": money(holding.locked)}
                for name, holding in purse.items()
                if holding.available or holding.locked
            ],
            "permissions": [name for permission in granted for name in _PERMISSIONS[permission]],
        }

    def order(self, asked: Asked) -> Shape:
        """``GET /order``."""
        order = self._side.desk.find(self._side.statement(asked.account), asked.params, -2013)
        return self._row(order)

    def open_orders(self, asked: Asked) -> list[Shape]:
        """``GET /openOrders``: of one symbol, newest first."""
        market = market_of(asked.params, self._side.venue.market)
        found = self._side.statement(asked.account).open.values()
        return [self._row(order) for order in reversed(found) if order.ticket.wire == market.wire]

    def all_orders(self, asked: Asked) -> list[Shape]:
        """``GET /allOrders``: of one symbol, newest first, of a day where nothing else is said."""
        market = market_of(asked.params, self._side.venue.market)
        wanted = self._span(asked, default_ms=DAY_MS, longest_ms=_ORDERS_DAYS * DAY_MS)
        limit = number(asked.params, "limit", 500, most=1_000)
        orders = self._side.statement(asked.account).orders.values()
        found = self._within(
            [order for order in orders if order.ticket.wire == market.wire],
            wanted,
            lambda order: order.created_ns,
        )
        return [self._row(order) for order in self._page(found, limit)]

    def fills(self, asked: Asked) -> list[Shape]:
        """``GET /myTrades``: of one symbol, newest first, 100 rows at most, of the last month."""
        market, now_ms = market_of(asked.params, self._side.venue.market), self._side.now_ns() // 10**6
        wanted = self._span(asked, default_ms=_FILLS_DAYS * DAY_MS, longest_ms=_FILLS_DAYS * DAY_MS)
        wanted = Span(max(wanted.first, now_ms - _FILLS_DAYS * DAY_MS), wanted.last)
        limit = number(asked.params, "limit", 100, most=100)
        of_order = order_number(asked.params["orderId"]) if "orderId" in asked.params else None
        fills = [
            fill
            for fill in self._side.statement(asked.account).fills
            if fill.wire == market.wire and of_order in (None, str(fill.order))
        ]
        found = self._within(fills, wanted, lambda fill: fill.at_ns)
        return [fill_row(market, fill, self._side.switches) for fill in self._page(found, limit)]

    def fee(self, asked: Asked) -> Shape:
        """``GET /tradeFee``."""
        market_of(asked.params, self._side.venue.market)
        data = {"makerCommission": 0, "takerCommission": 0.0005}
        return {"data": data, "code": 0, "msg": "success", "timestamp": self._side.now_ns() // 10**6}

    def _row(self, order: AccountOrder) -> Shape:
        return order_row(self._side.venue.markets[order.ticket.wire], order, self._side.switches)

    def _span(self, asked: Asked, *, default_ms: int, longest_ms: int) -> Span:
        return span(
            asked.params,
            self._side.now_ns() // 10**6,
            default_ms=default_ms,
            longest_ms=longest_ms,
            cut=self._side.switches.rest_long_spans == "cut",
        )

    def _within(self, rows: Iterable[Row], wanted: Span, at_ns: Callable[[Row], int]) -> list[Row]:
        switches = self._side.switches
        told = switches.rest_spans == "as_told"
        times = [(rest_ms(at_ns(row), switches) if told else at_ns(row) // 10**6, row) for row in rows]
        return [row for ms, row in times if wanted.first <= ms <= wanted.last]

    def _page(self, rows: Sequence[Row], limit: int) -> list[Row]:
        """Return a page of rows, newest first."""
        oldest = self._side.switches.rest_full_page == "oldest"
        page = rows[:limit] if oldest else rows[max(0, len(rows) - limit) :]
        return list(reversed(page))
