"""An account's own hard limits: what no order of it may exceed, whatever the venue allows."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from feedtree.exchanges.symbols import Symbol


class HardLimits(Struct, frozen=True, kw_only=True):
    """What an account's orders may come to; None, or a name that is missing, is no limit.

    Args:
        order_size: base quantity of one order, by symbol.
        notional: quote amount of one order, by quote currency: ``{"USDT": Decimal(1000)}``.
        open_orders: orders that are open, or may be.
        orders_per_s: orders and amendments in any second.

    Raises:
        TypeError: an amount is no Decimal, or a count no int.
        ValueError: one is not over 0.
    """

    order_size: Mapping[Symbol, Decimal] = {}
    notional: Mapping[str, Decimal] = {}
    open_orders: int | None = None
    orders_per_s: int | None = None

    def __post_init__(self) -> None:
        for name, amounts in (("order_size", self.order_size), ("notional", self.notional)):
            for key, amount in amounts.items():
                _check(f"limits.{name}[{key}]", amount, Decimal)
        for name, number in (("open_orders", self.open_orders), ("orders_per_s", self.orders_per_s)):
            if number is not None:
                _check(f"limits.{name}", number, int)


def _check(name: str, value: object, kind: type[Decimal] | type[int]) -> None:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} is of type {kind.__name__}, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"{name} is over 0, not {value}")
