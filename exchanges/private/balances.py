"""What an account has, from pushes and from REST, and whether its movements are explained. Sans-io.

Pushes are absolute, and the newest by the venue's time holds; within one millisecond the changes that they tell order
them, and show whether one before was missed. A row of REST has no time: it is believed where no push is nearly as new.
On a venue that cannot be asked for all fills at once a total that moved must be the sum of fills that are known; what
is not is a question that stays open until a fill answers it, or somebody acknowledges it.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from itertools import accumulate, groupby, product
from math import prod

from msgspec import Struct

from feedtree.exchanges.money import EXACT
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

REST_LAG = 2.0  # seconds by which REST may be behind the pushes: about 1 s measured on Gate.io
EFFECTS_KEPT = 1000  # of fills, a currency
MOST_TRIED = 4096  # ways in which the fills of one second may have gone past a balance
_TOLERANCE = Decimal("1e-8")  # what the rounding of fees may leave
_ZERO = Decimal(0)
_S = 1_000_000_000


class BalanceChange(Struct, frozen=True, kw_only=True):
    """A balance as a push tells it.

    Args:
        balance: as it stands after the change.
        reason: the venue's own word.
        venue_ns: of the change.
        available: by how much; None where the venue does not say.
        locked: the same.
    """

    balance: Balance
    reason: str
    venue_ns: int
    available: Decimal | None = None
    locked: Decimal | None = None


class Row(Enum):
    """What a row of REST says about what is known."""

    EQUAL = "equal"
    OLDER = "older"  # a push came since it was asked for
    UNDECIDED = "undecided"  # a push came shortly before: either may be the newer
    NEWER = "newer"


class Question(Struct, frozen=True):
    """A movement that nothing explains: by how much a total moved, and since when fills may tell why."""

    moved: Decimal
    since_ns: int


class _Effect(Struct, frozen=True):
    """What a fill did to a total."""

    venue_ns: int
    amount: Decimal
    symbol: Symbol


class _Held(Struct):
    balance: Balance
    venue_ns: int
    pushed_at: float | None = None  # steady time of the last push
    moment: tuple[BalanceChange, ...] = ()  # that push, and those before it of the same millisecond


class Balances:
    """The balances of one account, by currency."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._effects: dict[str, deque[_Effect]] = {}  # of fills since the total was last sure, as they came
        self._open: dict[str, Question] = {}
        self._stated = False  # whether REST has told of all

    def all(self) -> Mapping[str, Balance]:
        """Return what is not 0, by currency."""
        return {name: held.balance for name, held in self._held.items() if held.balance.total}

    def push(self, change: BalanceChange, now: float) -> tuple[bool, bool]:
        """Take a push in.

        Returns:
            Whether the balance moved, and whether a push before it was missed.
        """
        name = change.balance.currency
        held = self._held.get(name)
        if held is None:
            self._held[name] = _Held(change.balance, change.venue_ns, now, (change,))
            return True, False
        if change.venue_ns < held.venue_ns or _precedes(change, held):
            return False, False
        before, held.balance = held.balance, change.balance
        held.moment = (*held.moment, change) if change.venue_ns == held.venue_ns else (change,)
        held.venue_ns, held.pushed_at = change.venue_ns, now
        return before != change.balance, self._stated and not _follows(before, change)

    def fill(self, fill: RawFill) -> None:
        """Note what a fill does to totals."""
        sign = 1 if fill.side is Side.BUY else -1
        amounts = {
            fill.symbol.base: fill.quantity * sign,
            fill.symbol.quote: -fill.price * fill.quantity * sign,
        }
        if fill.fee is not None and fill.fee_currency is not None:
            amounts[fill.fee_currency] = amounts.get(fill.fee_currency, _ZERO) - fill.fee
        for currency, amount in amounts.items():
            self._effect(currency, _Effect(fill.venue_ns, amount, fill.symbol))

    def _effect(self, currency: str, effect: _Effect) -> None:
        self._effects.setdefault(currency, deque(maxlen=EFFECTS_KEPT)).append(effect)
        question = self._open.get(currency)
        if question is not None:
            self._question(currency, question.moved - effect.amount, question.since_ns)

    # REST

    def judge(self, row: Balance, asked_at: float) -> Row:
        """Return what a row says, by when it was asked for (steady time)."""
        held = self._held.get(row.currency)
        if (held.balance if held is not None else Balance(row.currency, _ZERO, _ZERO)) == row:
            return Row.EQUAL
        if held is None or held.pushed_at is None or held.pushed_at < asked_at - REST_LAG:
            return Row.NEWER
        return Row.OLDER if held.pushed_at >= asked_at else Row.UNDECIDED

    def behind(self, row: Balance, as_of_ns: int) -> bool:
        """Return whether a row lacks fills that are known: it moved back by just the last so many of them.

        Args:
            row: of REST.
            as_of_ns: the venue's time that it is not older than; fills before that are in it, whatever it says.
        """
        held = self._held.get(row.currency)
        effects = self._effects.get(row.currency, ())
        since_ns = as_of_ns - _S  # times of fills may be whole seconds
        late = [effect for effect in effects if effect.venue_ns > since_ns]
        if held is None or not late:
            return False
        back = held.balance.total - row.total
        return abs(back) > _TOLERANCE and (_explains(back, late) or _explains_by_seconds(back, late))

    def rows(self, told: Iterable[Balance]) -> list[Balance]:
        """Complete what REST told by what it left out: a balance that is held here, and not there, is 0."""
        rows = {row.currency: row for row in told}
        for name in self._held:
            rows.setdefault(name, Balance(name, _ZERO, _ZERO))
        return list(rows.values())

    def unexplained(self, row: Balance) -> Decimal:
        """Return by how much the total of a row moved beyond what fills tell; 0 where it is explained."""
        held = self._held.get(row.currency)
        if not self._stated:
            return _ZERO
        moved = row.total - (_ZERO if held is None else held.balance.total)
        effects = self._effects.get(row.currency, ())
        # Balances have told of older fills already, of how many is not known: the newest of any number may be missing,
        # by their times, which REST may round, or by when they became known.
        by_time = sorted(effects, key=lambda effect: effect.venue_ns)
        if (
            _explains(moved, effects)
            or _explains_by_seconds(moved, effects)
            or _explains_by_seconds(moved, by_time)
        ):
            return _ZERO
        return moved

    def apply(self, row: Balance, as_of_ns: int) -> None:
        """Take a row for what is.

        Args:
            row: of REST.
            as_of_ns: the venue's time that it is not older than.
        """
        held = self._held.get(row.currency)
        if held is None:
            self._held[row.currency] = _Held(row, as_of_ns)
        else:
            held.balance = row
        self.confirm(row.currency, as_of_ns)

    def confirm(self, currency: str, as_of_ns: int) -> None:
        """Note that REST tells the same as what is held: older fills are in it, older pushes say nothing more."""
        held = self._held.get(currency)
        if held is not None:
            held.venue_ns = max(held.venue_ns, as_of_ns)
        effects = self._effects.get(currency, ())
        newer = [effect for effect in effects if effect.venue_ns >= as_of_ns]
        self._effects[currency] = deque(newer, maxlen=EFFECTS_KEPT)

    def stated(self) -> None:
        """Note that REST has told of all balances: from now on movements can be explained."""
        self._stated = True

    @property
    def known(self) -> bool:
        """Whether REST has told of all balances."""
        return self._stated

    # Movements that nothing explains

    def ask_why(self, currency: str, moved: Decimal, since_ns: int) -> None:
        """Keep a movement in mind until fills explain it.

        Args:
            currency: whose total moved.
            moved: by how much.
            since_ns: from when on fills may explain it, by the venue's clock.
        """
        before = self._open.get(currency)
        if before is not None:
            moved, since_ns = before.moved + moved, min(before.since_ns, since_ns)
        self._question(currency, moved, since_ns)

    def _question(self, currency: str, moved: Decimal, since_ns: int) -> None:
        if abs(moved) <= _TOLERANCE:
            self._open.pop(currency, None)
        else:
            self._open[currency] = Question(moved, since_ns)

    @property
    def questions(self) -> "Mapping[str, Question]":
        """The movements that nothing explains, by currency."""
        return self._open

    def acknowledge(self) -> None:
        """Take all movements for explained: a deposit, a withdrawal."""
        self._open.clear()


def _explains(moved: Decimal, effects: Iterable[_Effect]) -> bool:
    """Whether a total moved by just the last so many effects, or none."""
    amounts = [effect.amount for effect in effects]
    return any(abs(moved - each) <= _TOLERANCE for each in (_ZERO, *accumulate(reversed(amounts))))


def _explains_by_seconds(moved: Decimal, effects: Iterable[_Effect]) -> bool:
    """The same where times are whole seconds: within one, which fill came first is known only symbol by symbol."""
    newer = _ZERO
    newest_first = [*effects][::-1]
    for _, group in groupby(sorted(newest_first, key=_second, reverse=True), key=_second):
        by_symbol: dict[Symbol, list[Decimal]] = {}
        for effect in group:
            by_symbol.setdefault(effect.symbol, []).append(effect.amount)
        missing = [(_ZERO, *accumulate(amounts)) for amounts in by_symbol.values()]
        all_of_it = sum((sums[-1] for sums in missing), _ZERO)
        if prod(len(sums) for sums in missing) > MOST_TRIED:
            missing = [(_ZERO, all_of_it)]
        if any(abs(moved - newer - sum(each, _ZERO)) <= _TOLERANCE for each in product(*missing)):
            return True
        newer += all_of_it
    return False


def _second(effect: _Effect) -> int:
    return effect.venue_ns // _S


def _precedes(change: BalanceChange, held: _Held) -> bool:
    """Whether a push is, or comes before, the one that told what is held, in the same millisecond."""
    last = held.moment[-1] if held.moment else None
    if last is None or change.venue_ns != held.venue_ns or held.balance != last.balance:
        return False
    if change == last or (change in held.moment and not _follows(last.balance, change)):
        return True  # told again, perhaps by the connection that is about to take over
    return (
        last.available is not None and _follows(change.balance, last) and not _follows(last.balance, change)
    )


def _follows(before: Balance, change: BalanceChange) -> bool:
    after = change.balance
    if change.available is not None and EXACT.add(before.available, change.available) != after.available:
        return False
    return change.locked is None or EXACT.add(before.locked, change.locked) == after.locked
