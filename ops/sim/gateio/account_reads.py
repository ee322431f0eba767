"""What Gate.io tells of an account over REST."""

from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.money import money
from feedtree.ops.sim.gateio.account_shapes import fill_over_rest
from feedtree.ops.sim.gateio.asked import Asked
from feedtree.ops.sim.gateio.denied import wrong
from feedtree.ops.sim.gateio.order_desk import number, span_ns
from feedtree.ops.sim.gateio.tickets import market_of, word

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Shape = dict[str, object]
NS = 1_000_000_000
_DEFAULT_S = 7 * 86_400  # of my_trades, without `from`
_LONGEST_S = 30 * 86_400


class AccountReads:
    """Answers the calls that change nothing.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "GateioPrivate") -> None:
        self._side = side

    def balances(self, asked: Asked) -> list[Shape]:
        """``GET /spot/accounts``."""
        wanted = asked.query.get("currency", "")
        purse = self._side.statement(asked.account).purse
        return [
            {
                "currency": currency,
                "available": money(holding.available),
                "locked": money(holding.locked),
                "update_id": len(asked.account.now.fills),
            }
            for currency, holding in purse.items()
            if wanted in ("", currency)
        ]

    def open_orders(self, asked: Asked) -> list[Shape]:
        """``GET /spot/open_orders``: grouped by pair."""
        limit, page = number(asked.query, "limit", 100, most=100), number(asked.query, "page", 1)
        by_pair: dict[str, list[Shape]] = {}
        for order in reversed(self._side.statement(asked.account).open.values()):
            by_pair.setdefault(order.ticket.wire, []).append(self._side.desk.show(order))
        return [
            {"currency_pair": pair, "total": len(rows), "orders": rows[(page - 1) * limit : page * limit]}
            for pair, rows in by_pair.items()
        ]

    def orders(self, asked: Asked) -> list[Shape]:
        """``GET /spot/orders``."""
        return self._side.desk.show_some(asked.account, asked.query)

    def order(self, asked: Asked) -> Shape:
        """``GET /spot/orders/{id or text}``."""
        pair = word(asked.query, "currency_pair")
        return self._side.desk.show(self._side.desk.find(asked.account, pair, asked.name, read=True))

    def fills(self, asked: Asked) -> list[Shape]:
        """``GET /spot/my_trades``: newest first."""
        query, pair = asked.query, word(asked.query, "currency_pair")
        if pair:
            market_of(pair, self._side.venue.pair)
        elif "order_id" in query:
            raise wrong("currency_pair is needed with order_id")
        limit, page = number(query, "limit", 100, most=1_000), max(1, number(query, "page", 1))
        first_ns, last_ns = self._span(asked)
        found = [
            fill
            for fill in reversed(self._side.statement(asked.account).fills)
            if pair in ("", fill.wire)
            and first_ns <= fill.at_ns < last_ns
            and query.get("order_id", "") in ("", str(fill.order))
        ]
        markets = self._side.venue.markets
        return [fill_over_rest(markets[fill.wire], fill) for fill in found[(page - 1) * limit : page * limit]]

    def fee(self, asked: Asked) -> Shape:
        """``GET /spot/fee`` and ``/wallet/fee``."""
        return {
            "user_id": asked.account.config.uid,
            "taker_fee": "0.002",
            "maker_fee": "0.002",
            "gt_discount": False,
            "gt_taker_fee": "0",
            "gt_maker_fee": "0",
            "loan_fee": "0.18",
            "point_type": "1",
        }

    def detail(self, asked: Asked) -> Shape:
        """``GET /account/detail``."""
        config = asked.account.config
        return {
            "user_id": config.uid,
            "ip_whitelist": list(config.ips),
            "currency_pairs": [],
            "key": {"mode": 1},
            "tier": 0,
        }

    def _span(self, asked: Asked) -> tuple[int, int]:
        first_ns, last_ns = span_ns(asked.query)
        now_ns = self._side.now_ns()
        if "from" not in asked.query:
            first_ns = now_ns - _DEFAULT_S * NS
        elif min(last_ns, now_ns) - first_ns > _LONGEST_S * NS:
            raise wrong("from and to are more than 30 days apart")
        return first_ns, last_ns
