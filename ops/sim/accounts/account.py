"""An account at a simulated venue: who may use it, and what it has."""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field

from msgspec import Struct

from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.accounts.money import atoms
from feedtree.ops.sim.accounts.orders import AccountFill, AccountOrder, BalanceTold, OrderTold, Reason, Told


class Holding(Struct):
    """What there is of one asset, in atoms."""

    available: int = 0
    locked: int = 0


@dataclass(slots=True)
class Statement:
    """An account's state at a time.

    Attributes:
        purse: by asset.
        orders: by number, oldest first.
        open: those of them to which anything can still happen.
        fills: oldest first.
    """

    purse: dict[str, Holding] = field(default_factory=dict)
    orders: dict[int, AccountOrder] = field(default_factory=dict)
    open: dict[int, AccountOrder] = field(default_factory=dict)
    fills: list[AccountFill] = field(default_factory=list)
    _named: dict[str, AccountOrder] = field(default_factory=dict)

    def take(self, told: Iterable[Told]) -> None:
        """Take in what was told, in order."""
        for item in told:
            if isinstance(item, OrderTold):
                self.enter(copy(item.order))
            elif isinstance(item, BalanceTold):
                self.purse[item.currency] = Holding(item.available, item.locked)
            else:
                self.fills.append(item)

    def enter(self, order: AccountOrder) -> None:
        """Hold an order as it is now."""
        self.orders[order.number] = order
        if order.ticket.client_id:
            self._named[order.ticket.client_id] = order
        if order.open:
            self.open[order.number] = order
        else:
            self.open.pop(order.number, None)

    def numbered(self, number: str) -> AccountOrder | None:
        """Return an order by its number."""
        return self.orders.get(int(number)) if number.isdecimal() and len(number) < 20 else None

    def named(self, client_id: str) -> AccountOrder | None:
        """Return the newest order that its client calls so."""
        return self._named.get(client_id)


class Account:
    """One account. What it has is changed by the engine alone.

    Args:
        config: names, key, permissions, and what it starts with.

    Attributes:
        now: its state.
    """

    def __init__(self, config: AccountConfig) -> None:
        self.config = config
        self.name = config.name
        self.now = Statement()
        self._log: list[Told] = []
        self.tell(
            BalanceTold(
                currency=currency,
                available_change=atoms(amount),
                locked_change=0,
                available=atoms(amount),
                locked=0,
                reason="open",
                at_ns=0,
            )
            for currency, amount in config.balances.items()
        )

    def tell(self, told: Iterable[Told]) -> None:
        """Take in what happened outside of the engine: the opening balances, and what a state file holds."""
        items = list(told)
        self.now.take(items)
        self._log += items

    def note(self, told: Iterable[Told]) -> None:
        """Remember what the engine did."""
        self._log += told

    def summary(self) -> list[Told]:
        """Return what leads to its state from nothing."""
        balances = [
            BalanceTold(
                currency=currency,
                available_change=holding.available,
                locked_change=holding.locked,
                available=holding.available,
                locked=holding.locked,
                reason="open",
                at_ns=0,
            )
            for currency, holding in self.now.purse.items()
        ]
        orders = [
            OrderTold(event="put" if order.open else "finish", order=order)
            for order in self.now.orders.values()
        ]
        return [*balances, *orders, *self.now.fills]

    def as_of(self, at_ns: int) -> Statement:
        """Return its state at an earlier time."""
        past = Statement()
        past.take(item for item in self._log if item.at_ns <= at_ns)
        return past

    def holding(self, currency: str) -> Holding:
        """Return what it has of an asset."""
        return self.now.purse.setdefault(currency, Holding())

    def move(self, currency: str, available: int, locked: int, reason: Reason, at_ns: int) -> BalanceTold:
        """Change a balance; return what is told of it."""
        holding = self.holding(currency)
        holding.available += available
        holding.locked += locked
        return BalanceTold(
            currency=currency,
            available_change=available,
            locked_change=locked,
            available=holding.available,
            locked=holding.locked,
            reason=reason,
            at_ns=at_ns,
        )
