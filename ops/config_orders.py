"""How an account's orders are handled, in a config: its table ``orders``, and ``orders.limits`` within that."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import DoorChoice, OpenOrders, OrderOptions
from feedtree.exchanges.symbols import Symbol
from feedtree.ops import config_rules as rules

_LEAST_COUNTDOWN = 5  # seconds


def options(value: object) -> OrderOptions:
    """Accept options that an app made, or a table.

    Raises:
        Wrong: something in it is not allowed.
    """
    if isinstance(value, OrderOptions):
        return value
    return OrderOptions(**_table(value, _OPTIONS, "orders"))


def _limits(value: object) -> HardLimits:
    return HardLimits(**_table(value, _LIMITS, "limits"))


def _table(value: object, known: dict[str, Callable[[object], object]], what: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise rules.Wrong(f"{rules.shown(value)} is no table; allowed: a table [{what}]")
    read: dict[str, Any] = {}
    for name, given in value.items():
        with _within(f".{name}"):
            read[name] = known[rules.choice(name, known)](given)
    return read


@contextmanager
def _within(key: str) -> Iterator[None]:
    """Tell where inside a value something is wrong."""
    try:
        yield
    except rules.Wrong as error:
        raise rules.Wrong(error.problem, key=f"{key}{error.key}") from error


def _countdown(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < _LEAST_COUNTDOWN:
        allowed = f"whole seconds, {_LEAST_COUNTDOWN} or more"
        raise rules.Wrong(f"{rules.shown(value)} is no time to wait; allowed: {allowed}")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise rules.Wrong(f"{rules.shown(value)} is no time to wait; allowed: seconds, 0 or more")
    return float(value)


def _amounts(key: Callable[[str], object], example: str) -> Callable[[object], object]:
    def read(value: object) -> dict[object, Decimal]:
        if not isinstance(value, dict):
            raise rules.Wrong(f"{rules.shown(value)} is no table; allowed: {example}")
        amounts: dict[object, Decimal] = {}
        for name, amount in value.items():
            with _within(f".{name}"):
                amounts[key(name)] = _amount(amount)
        return amounts

    return read


def _amount(value: object) -> Decimal:
    if isinstance(value, str):
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal(0)
        if amount.is_finite() and amount > 0:
            return amount
    raise rules.Wrong(f'{rules.shown(value)} is no amount; allowed: a decimal in quotes, over 0: "0.5"')


def _symbol(name: str) -> Symbol:
    try:
        return Symbol.parse(name)
    except ValueError as error:
        raise rules.Wrong(str(error)) from error


_LIMITS: dict[str, Callable[[object], object]] = {
    "order_size": _amounts(_symbol, '{ "BTC/USDT" = "0.5" }'),
    "notional": _amounts(str.upper, '{ USDT = "1000" }'),
    "open_orders": rules.at_least_one,
    "orders_per_s": rules.at_least_one,
}
_OPTIONS: dict[str, Callable[[object], object]] = {
    "door": lambda value: DoorChoice(rules.choice(value, list(DoorChoice))),
    "on_stop": lambda value: OpenOrders(rules.choice(value, list(OpenOrders))),
    "on_inconsistent": lambda value: OpenOrders(rules.choice(value, list(OpenOrders))),
    "dead_mans_switch": _countdown,
    "most_wait": _seconds,
    "limits": _limits,
}
