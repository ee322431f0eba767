"""A whole account against the simulated exchange, by a state machine that does anything in any order.

Rules only write down what is to happen; at the end of an example all of it happens in one run under the virtual clock,
and the campaign's judge compares what was told with what is true. So an example is a list, and shrinks as one.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any, ClassVar, TypeAlias

import pytest
import structlog
import trio
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from trio.testing import MockClock

from feedtree.exchanges.private.fills import SeenFills
from feedtree.exchanges.private.order_errors import OrderError
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.campaign.calls import PlaceCalls, Wish
from feedtree.ops.campaign.cuts import HOW, How, Point
from feedtree.ops.campaign.judge import broken
from feedtree.ops.campaign.run import disturb
from feedtree.ops.campaign.script import Disturbance
from feedtree.ops.campaign.stage import KEY_LIFE, SYMBOLS, Stage, open_stage
from feedtree.ops.campaign.trader import amend_down
from feedtree.ops.sim.markets import GATEIO, MEXC
from tests.clock import wall_ns
from tests.examples import DEEP

pytestmark = pytest.mark.campaign
LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(50))
EXAMPLES = settings(max_examples=200 if DEEP else 14, stateful_step_count=30)
OF_ORDERS = (Point.BEFORE_SEND, Point.BEFORE_ARRIVAL, Point.BEFORE_ACK, Point.BEFORE_FILL)
RATE = 30.0  # orders of others per second
BETWEEN = 0.01  # seconds from one step to the next
CALM = 2.5

symbols = st.sampled_from(SYMBOLS)
wishes = st.builds(
    Wish,
    symbol=symbols,
    side=st.sampled_from(Side),
    force=st.sampled_from([*TimeInForce, None]),  # None is a market order
    crosses=st.booleans(),
    timeout=st.sampled_from([0.3, 1.0, 2.0]),
)
patience = st.sampled_from([inf, inf, inf, 0.0, 0.005, 0.3])  # of a caller, seconds
wanted = st.lists(st.tuples(wishes, patience), min_size=1, max_size=3)
ways = st.sampled_from(HOW)
moments = st.sampled_from([0.1, 0.5, 1.0, 2.5])  # for which something is broken, seconds


class Play:
    """One example while it runs."""

    def __init__(self, stage: Stage, nursery: trio.Nursery) -> None:
        self.stage = stage
        self.orders: dict[int, PlaceCalls] = {}
        self._nursery = nursery

    def beside(self, what: Callable[..., Awaitable[object]], *arguments: Any, leave: float = inf) -> None:
        """Let something happen while the next steps do; whoever calls for it may leave before it ends."""

        async def call() -> None:
            with trio.move_on_after(leave), suppress(OrderError):
                await what(*arguments)

        self._nursery.start_soon(call)

    def place(self, number: int, wish: Wish, leave: float) -> None:
        self.orders[number] = self.stage.calls(lambda _: f"m{number}")
        self.beside(self.orders[number].place, wish, leave=leave)

    def names(self, number: int) -> dict[str, str]:
        """Return how a cancel or a change names an order, whether it came to one or not."""
        return {"client_order_id": f"{self.stage.account.ORDERS.ids.prefix}m{number}"}

    def disturb(self, kind: Any, name: str, value: object, seconds: float) -> None:
        self.beside(disturb, self.stage, Disturbance(0.0, kind, name, value, seconds, cuts=False))


Step: TypeAlias = Callable[[Play], None]


class AccountMachine(RuleBasedStateMachine):
    """What may happen to an account; a subclass says at which venue."""

    venue: ClassVar[str]
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[Step, float]] = []  # and seconds until the next one
        self.placed: list[Symbol] = []
        self.hidden = False  # something may happen that nothing hints at before the next regular comparison

    def _then(self, step: Step, seconds: float = BETWEEN) -> None:
        self.steps.append((step, seconds))

    # What a trader does

    @initialize(target=orders, wanted=wanted)
    def begin(self, wanted: list[tuple[Wish, float]]) -> MultipleResults[int]:
        return self._place(wanted)

    @rule(target=orders, wanted=wanted)
    def place(self, wanted: list[tuple[Wish, float]]) -> MultipleResults[int]:
        return self._place(wanted)

    @rule(target=orders, wanted=wanted, seconds=st.sampled_from([0.1, 0.4]))
    def place_and_wait(self, wanted: list[tuple[Wish, float]], seconds: float) -> MultipleResults[int]:
        placed = self._place(wanted)
        self._then(lambda play: None, seconds)
        return placed

    def _place(self, wanted: list[tuple[Wish, float]]) -> MultipleResults[int]:
        numbers = range(len(self.placed), len(self.placed) + len(wanted))
        for number, (wish, leave) in zip(numbers, wanted, strict=True):
            self.placed.append(wish.symbol)
            self._then(partial(Play.place, number=number, wish=wish, leave=leave))
        return multiple(*numbers)

    @rule(order=orders, leave=patience)
    def cancel(self, order: int, leave: float) -> None:
        self._then(lambda play: play.beside(self._cancel, play, order, leave=leave))

    async def _cancel(self, play: Play, order: int) -> None:
        await play.stage.account.orders.cancel(self.placed[order], **play.names(order))

    @precondition(lambda self: self.venue == GATEIO)
    @rule(order=orders, leave=patience)
    def amend(self, order: int, leave: float) -> None:
        self._then(lambda play: play.beside(self._amend, play, order, leave=leave))

    async def _amend(self, play: Play, order: int) -> None:
        known = play.stage.account.account.store.named(play.names(order)["client_order_id"])
        if known is not None:
            desk = play.stage.account.orders
            await amend_down(desk, play.stage.touch, known.symbol, known.order_id)

    @rule(leave=patience)
    def cancel_all(self, leave: float) -> None:
        self._then(lambda play: play.beside(play.stage.account.orders.cancel_all, SYMBOLS, leave=leave))

    # What the market and the clock do

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 3.0, 12.0]))
    def time_passes(self, seconds: float) -> None:
        self._then(lambda play: None, seconds)

    @rule(pieces=st.integers(1, 4))
    def resting_orders_are_filled(self, pieces: int) -> None:
        self._then(lambda play: play.beside(play.stage.truth.fault, "fills", 0.0, pieces))

    # What breaks

    @rule(target=orders, point=st.sampled_from(OF_ORDERS), how=ways, wish=wishes)
    def an_order_is_cut(self, point: Point, how: How, wish: Wish) -> MultipleResults[int]:
        self._then(lambda play: play.disturb("cut", point, how, 2.0))
        return self._place([(wish, inf)])

    @rule(how=ways)
    def a_comparison_is_cut(self, how: How) -> None:
        self._then(lambda play: play.disturb("cut", Point.COMPARING, how, 4.0))
        self._then(lambda play: play.disturb("fault", "reset", None, 0.0))

    @precondition(lambda self: self.venue == MEXC)
    @rule(how=ways)
    def a_renewal_is_cut(self, how: How) -> None:
        self._then(lambda play: play.disturb("cut", Point.RENEWING, how, KEY_LIFE), KEY_LIFE / 2)

    @rule(fault=st.sampled_from(["reset", "close", "blackhole", "refuse"]), seconds=moments)
    def connections_break(self, fault: str, seconds: float) -> None:
        self._then(lambda play: play.disturb("fault", fault, None, seconds))

    @rule(fault=st.sampled_from(["private_gap", "private_repeat"]), pushes=st.integers(1, 5))
    def pushes_are_dropped_or_doubled(self, fault: str, pushes: int) -> None:
        self.hidden |= fault == "private_gap"
        self._then(lambda play: play.beside(play.stage.truth.fault, fault, 0.0, pushes))

    @rule(late=st.sampled_from([0.0, 0.1, 1.5]), shuffled=st.booleans(), seconds=moments)
    def pushes_are_late_and_in_disorder(self, late: float, shuffled: bool, seconds: float) -> None:
        self._then(lambda play: play.disturb("switch", "private_delay_s", late, seconds), 0.0)
        self._then(lambda play: play.disturb("switch", "private_shuffle", shuffled, seconds))

    @rule(slow=st.sampled_from([0.0, 0.2, 1.5]), stale=st.sampled_from([0.0, 0.3, 1.2]), seconds=moments)
    def rest_is_slow_and_stale(self, slow: float, stale: float, seconds: float) -> None:
        self._then(lambda play: play.disturb("switch", "rest_delay_s", slow, seconds), 0.0)
        self._then(lambda play: play.disturb("switch", "private_lag_s", stale, seconds))

    @rule(status=st.sampled_from([429, 500, 502, 503, 504]), seconds=moments)
    def rest_fails(self, status: int, seconds: float) -> None:
        self._then(lambda play: play.disturb("switch", "private_rest_status", status, seconds))

    @rule(held=st.sampled_from([0.2, 1.0, 2.5]), seconds=moments)
    def orders_are_held(self, held: float, seconds: float) -> None:
        self._then(lambda play: play.disturb("switch", "order_hold_s", held, seconds))

    @rule(answers=st.sampled_from(["withheld", "cut", "status"]), seconds=moments)
    def orders_are_not_answered(self, answers: str, seconds: float) -> None:
        self._then(lambda play: play.disturb("switch", "order_answers", answers, seconds))

    @precondition(lambda self: self.venue == MEXC)
    @rule(form=st.sampled_from(["close", "silent", "text"]))
    def listen_keys_end(self, form: str) -> None:
        self.hidden |= form == "silent"
        self._then(lambda play: play.disturb("switch", "listen_key_end", form, KEY_LIFE), 0.0)
        self._then(lambda play: play.disturb("switch", "listen_key_life_s", 0.1, 0.3))

    # What must hold then

    def teardown(self) -> None:
        if self.steps:
            assert trio.run(self._play, clock=MockClock(autojump_threshold=0)) == []

    async def _play(self) -> list[str]:
        network = MemoryNetwork()
        async with open_stage(self.venue, 1, network, wall_ns=wall_ns, log=LOG, rate=RATE) as stage:
            await stage.ready()
            async with trio.open_nursery() as nursery:
                play = Play(stage, nursery)
                for step, seconds in self.steps:
                    step(play)
                    await trio.sleep(seconds)
            await stage.settle(CALM, audited=self.hidden)
            made = [call for calls in play.orders.values() for call in calls.made]
            return broken(await stage.evidence(made))


class GateioMachine(AccountMachine):
    venue = GATEIO


class MexcMachine(AccountMachine):
    venue = MEXC


@pytest.mark.parametrize("machine", [GateioMachine, MexcMachine])
def test_what_must_hold_holds_whatever_happens_in_whatever_order(machine: type[AccountMachine]) -> None:
    """Each fill once, the account equal, an order out once, every call ended, and no outcome that is not true."""
    run_state_machine_as_test(machine, settings=EXAMPLES)


def breaks() -> None:
    """See that an example does not hold."""
    once = settings(EXAMPLES, max_examples=100, phases=[Phase.generate], report_multiple_bugs=False)
    with pytest.raises(AssertionError, match=r"== \[\]"):
        run_state_machine_as_test(GateioMachine, settings=once)


def test_an_account_that_forgets_what_it_told_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine bites: without the account of what was told, it does not hold."""
    add = SeenFills.add

    def always_new(seen: SeenFills, fill: Any) -> bool:
        add(seen, fill)
        return True

    monkeypatch.setattr(SeenFills, "add", always_new)
    breaks()


def test_a_fill_that_is_missed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without the fills that a comparison finds."""
    apply_fill = AccountStore.apply_fill

    def only_pushed(store: AccountStore, fill: Any, *, recovered: bool = False) -> bool:
        return False if recovered else apply_fill(store, fill)

    monkeypatch.setattr(AccountStore, "apply_fill", only_pushed)
    breaks()
