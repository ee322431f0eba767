"""The typed messages of the private side.

Every message names its account and carries a ``sequence``: account-local, from 1, without gaps over all messages of the
account, stream events too. So who selects everything can prove that it saw everything. Money is `Decimal`.
Times are UTC nanoseconds: ``venue_ns`` is the venue's, None where it does not say; ``received_ns`` is ours.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.money import EXACT
from feedtree.exchanges.private.orders import Accepted, Order, Rejected
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


class Role(StrEnum):
    """Who was there first."""

    MAKER = "maker"
    TAKER = "taker"


class Balance(Struct, frozen=True):
    """What an account has of one asset."""

    currency: str
    available: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Available and locked together."""
        return EXACT.add(self.available, self.locked)


class AccountMessage(Struct, frozen=True, kw_only=True, tag=True):
    """What every private message has.

    Args:
        venue: ``gateio.spot``.
        account: the account's name in the config, ``main``.
        sequence: account-local, gapless.
        received_ns: when it was received, or decided.
    """

    venue: str
    account: str
    sequence: int
    received_ns: int


class OrderUpdate(AccountMessage, frozen=True, kw_only=True):
    """An order is new, or changed.

    Args:
        order: as it stands now.
        recovered: found by asking, after a push was missed.
        venue_ns: of the change.
    """

    order: Order
    recovered: bool
    venue_ns: int | None


class Fill(AccountMessage, frozen=True, kw_only=True, rename={"position": "cursor"}):
    """A part of an order was done; each comes exactly once per account store.

    Encoded, its ``cursor`` is text: ``msgspec.json.encode(fill, enc_hook=str)``.

    Args:
        trade_id: the venue's, in its normal form; empty where the venue gave none.
        order_id: whose fill it is.
        client_order_id: None where neither the fill nor its order named one.
        price: of one base unit, in quote.
        quantity: in base.
        fee: what it cost, in ``fee_currency``; negative is a rebate; None where the venue does not say.
        role: None where the venue does not say.
        recovered: found by asking, after its push was missed.
        position: a `Position`, or its text where the message was decoded; `cursor` reads it.
    """

    trade_id: str
    order_id: str
    client_order_id: str | None
    symbol: Symbol
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_currency: str | None
    role: Role | None
    venue_ns: int
    recovered: bool
    position: object

    @property
    def cursor(self) -> str:
        """Give it to ``initialize(resume=...)`` to go on behind this fill. Written on demand: up to some 100 KB."""
        return str(self.position)


class BalanceUpdate(AccountMessage, frozen=True, kw_only=True):
    """What an account has of one asset changed.

    Args:
        balance: as it stands now.
        reason: the venue's own word, ``order-match``; empty where it was found by asking.
        recovered: found by asking, after its push was missed.
    """

    balance: Balance
    reason: str
    recovered: bool
    venue_ns: int | None


class AccountSnapshot(AccountMessage, frozen=True, kw_only=True):
    """The whole account at this place in the sequence: a consumer's first message, and where it starts again.

    Args:
        balances: of every asset that is known not to be 0.
        open_orders: every order that is open, oldest first.
        consistent: whether it is known to equal the venue's.
        cursor: behind the last fill; empty where there was none.
    """

    balances: tuple[Balance, ...]
    open_orders: tuple[Order, ...]
    consistent: bool
    cursor: str


class Reconciliation(Struct, frozen=True, kw_only=True):
    """What was asked for after a connection came about, and what came of it.

    Args:
        queried: the calls, each with what it was about: ``my_trades BTC/USDT``.
        fills: how many fills were found that no push had told.
        orders: how many orders had changed without a push.
        balances: how many balances had changed without a push.
        unexplained: what is left that nothing explains, each in words; empty is consistent.
        since_ns: from when on was asked.
        took_ns: how long it took.
    """

    queried: tuple[str, ...]
    fills: int
    orders: int
    balances: int
    unexplained: tuple[str, ...]
    since_ns: int
    took_ns: int

    @property
    def consistent(self) -> bool:
        """Whether everything is explained."""
        return not self.unexplained


class AccountReconciled(AccountMessage, frozen=True, kw_only=True):
    """The account was compared with the venue; what was missed came before this, marked ``recovered``."""

    report: Reconciliation


class OrderResolved(AccountMessage, frozen=True, kw_only=True):
    """An order whose outcome was unknown is known now.

    Args:
        client_order_id: what it was sent with.
        outcome: what `place` would have returned.
        after_ns: how long after it was sent.
    """

    client_order_id: str
    outcome: Accepted | Rejected
    after_ns: int


class AccountStreamEvent(AccountMessage, frozen=True, kw_only=True):
    """What happened to an account's stream; stands in order with its data."""

    generation: int


class AccountStreamLost(AccountStreamEvent, frozen=True, kw_only=True):
    """Nothing is pushed: fills and changes of this account may be missing until it is up and reconciled."""

    cause: str


class AccountStreamUp(AccountStreamEvent, frozen=True, kw_only=True):
    """The stream is live again, and reconciled.

    Args:
        outage_ns: time without the stream; 0 for the first start.
    """

    outage_ns: int


class AccountStreamFailed(AccountStreamEvent, frozen=True, kw_only=True):
    """The stream was parked: it stays down until somebody restarts it.

    Args:
        reason: what happened, with the remedy.
    """

    reason: str
