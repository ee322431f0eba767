"""Any interleaving of data, events, takes, waits and cancels, under every policy."""

from collections import Counter, defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from feedtree.actors.entries import Overflow
from feedtree.actors.mailbox import MailboxOverflow

CAPACITY = 5
MESSAGES = st.tuples(
    st.sampled_from(["Delta", "Delta", "Snapshot", "Trade", "Trade", "Lost", "Up", "LostUp", "Refused"]),
    st.sampled_from(["btc", "btc", "eth"]),
)
STEPS = st.lists(
    st.one_of(
        st.lists(MESSAGES, min_size=1, max_size=8),
        st.lists(MESSAGES, min_size=1, max_size=3),
        st.sampled_from(["take", "wait", "wait burst", "run", "run", "cancel"]),
    ),
    max_size=60,
)
ROUTES = {
    "conflate": lambda market, world: market.conflate(market.Delta, market.Snapshot),
    "drop_oldest": lambda market, world: market.oldest(market.Delta, market.Snapshot, market.Trade),
    "resume": lambda market, world: market.oldest(
        market.Delta,
        market.Snapshot,
        market.Trade,
        resume=world.resume,
        resumed_past=lambda based, message: message.number <= based.number,
    ),
    "mixed": lambda market, world: [
        *market.conflate(market.Delta, market.Snapshot),
        *market.oldest(market.Trade),
    ],
    "block": lambda market, world: [*market.block(market.Trade, market.Delta, market.Snapshot)],
    "fail": lambda market, world: market.fail(market.Trade, market.Delta, market.Snapshot),
}
CONFLATED = {"conflate": {"Delta", "Snapshot"}, "mixed": {"Delta", "Snapshot"}}


class Based:
    """The snapshot that a key is resumed from."""

    def __init__(self, key: str, number: int) -> None:
        self.key = key
        self.number = number


class World:
    """Publisher and consumer of one mailbox, and what a mailbox ought to do."""

    def __init__(self, market: SimpleNamespace, policy: str) -> None:
        self.market = market
        self.policy = policy
        self.offered: list[Any] = []
        self.got: list[Any] = []
        self.down: set[str] = set()
        self.suppressed: set[int] = set()  # numbers of data offered while their key was down
        self.asked = 0
        self.failure: MailboxOverflow | None = None
        self.box = market.mailbox(*ROUTES[policy](market, self), capacity=CAPACITY)
        self.taken_by_routes = {*self.box._intake.plain, *self.box._intake.conflated}
        self.events = {rule.kind for rule in market.events}

    def resume(self, key: str) -> Based | None:
        self.asked += 1
        newest = max(
            (m.number for m in self.offered if m.key == key and type(m) not in self.events), default=0
        )
        return Based(key, newest) if self.asked % 4 else None

    def offer(self, words: list[tuple[str, str]]) -> None:
        burst = []
        for word, key in words:
            for name in ("Lost", "Up") if word == "LostUp" else (word,):
                burst.append(self.note(getattr(self.market, name), key, len(self.offered) + 1))
        copy = list(burst)
        had_room = self.box.statistics().depth < CAPACITY
        told = self.box.offer(burst)
        assert burst == copy
        figures = self.box.statistics()
        assert told == (self.policy != "block" or figures.depth < CAPACITY)
        if self.policy == "block" and had_room:
            assert figures.depth < CAPACITY + len(burst)

    def note(self, kind: type, key: str, number: int) -> Any:
        message = kind(key, number)
        self.offered.append(message)
        if kind.__name__ == "Lost":
            self.down.add(key)
        elif kind.__name__ == "Up":
            self.down.discard(key)
        elif kind not in self.events and key in self.down:
            self.suppressed.add(number)
        return message

    async def read(self, word: str, scope: trio.CancelScope) -> None:
        with scope:
            try:
                if word == "wait":
                    self.got.append(await self.box.receive())
                else:
                    self.got += await self.box.take()
            except MailboxOverflow as failure:
                self.failure = failure
            except (trio.ClosedResourceError, trio.EndOfChannel):
                pass

    def take(self) -> None:
        try:
            self.got += self.box.take_nowait()
        except MailboxOverflow as failure:
            self.failure = failure
        except (trio.WouldBlock, trio.ClosedResourceError, trio.EndOfChannel, trio.BusyResourceError):
            pass

    async def live(self, steps: list[Any]) -> None:
        async with trio.open_nursery() as nursery:
            scope = trio.CancelScope()
            for step in steps:
                if step == "take":
                    self.take()
                elif step == "run":
                    await trio.testing.wait_all_tasks_blocked()
                elif step == "cancel":
                    scope.cancel()
                elif isinstance(step, list):
                    if self.failure is None and not self.box.statistics().closed:
                        self.offer(step)
                        self.check_capacity()
                elif not nursery.child_tasks:
                    scope = trio.CancelScope()
                    nursery.start_soon(self.read, step, scope)
                self.check_account()
            scope.cancel()
        self.got += self.market.drain(self.box) if self.failure is None and not self.closed else []
        if self.closed:
            self.take()
        self.check_account()

    @property
    def closed(self) -> bool:
        return bool(self.box.statistics().closed)

    # What must hold at any time

    def check_account(self) -> None:
        wanted = [m for m in self.offered if type(m) in self.taken_by_routes | self.events]
        assert self.market.accounted(self.box) == len(wanted)
        assert self.box.statistics().delivered == sum(type(m) not in (Overflow, Based) for m in self.got)
        assert 0 <= self.box.statistics().depth <= self.box.statistics().high_water

    def check_capacity(self) -> None:
        if self.policy == "block":
            return
        figures = self.box.statistics()
        plain = sum(entry for entry in map(self.is_plain, self.waiting()))
        started = sum(map(self.is_plain, self.started()))
        assert plain <= CAPACITY
        assert figures.depth <= CAPACITY or plain == started

    def started(self) -> list[Any]:
        handed = self.box._backlog._handed
        return [*self.box._outlet.current, *(handed.entries if handed is not None else ())]

    def waiting(self) -> list[Any]:
        lots = self.box._backlog._receive._state.data
        return [*self.started(), *(entry for lot in lots for entry in lot.entries)]

    def is_plain(self, entry: Any) -> bool:
        return type(entry) in self.box._intake.plain

    # What must hold of all that was delivered

    def check_delivered(self) -> None:
        self.check_promise()
        self.check_plain_order()
        if self.failure is None:
            self.check_events()
            self.check_newest()

    def check_promise(self) -> None:
        """After a lost-event of a key no datum of it before its up-event."""
        down = set()
        for message in self.got:
            name = type(message).__name__
            if name == "Lost":
                down.add(message.key)
            elif name == "Up":
                down.discard(message.key)
            elif name not in ("Refused", "Overflow"):
                key = message.message.key if name == "Rendered" else message.key
                assert key not in down

    def check_plain_order(self) -> None:
        """Plain data and events of a key come in the order of offering."""
        last: dict[str, int] = defaultdict(int)
        for message in self.got:
            if type(message) in (Overflow, Based, self.market.Rendered):
                continue
            number = message.number
            if isinstance(message, self.market.Up) and message.numbers:
                number = message.numbers[-1]
            assert number > last[message.key]
            last[message.key] = number

    def check_events(self) -> None:
        """No event is missing, except lost-events between collapsed up-events."""
        for key in ("btc", "eth"):
            offered = [m for m in self.offered if type(m) in self.events and m.key == key]
            place = 0
            for event in (m for m in self.got if type(m) in self.events and m.key == key):
                numbers = getattr(event, "numbers", ()) or (event.number,)
                for index, number in enumerate(numbers):
                    if index:
                        assert isinstance(offered[place], self.market.Lost)
                        place += 1
                    assert offered[place].number == number
                    place += 1
            assert place == len(offered)

    def check_newest(self) -> None:
        """Conflated data come in order, told in full, and the newest of a key that is up is there."""
        told = 0
        newest: dict[str, int] = defaultdict(int)
        for message in self.got:
            if isinstance(message, self.market.Rendered):
                assert message.message.number > newest[message.message.key]
                newest[message.message.key] = message.message.number
                told += 1 + message.skipped
        conflated = CONFLATED.get(self.policy, set())
        data = [m for m in self.offered if type(m).__name__ in conflated]
        for key in {"btc", "eth"} - self.down:
            last_lost = max(
                (m.number for m in self.offered if m.key == key and m in self.losses()), default=0
            )
            since = [m.number for m in data if m.key == key and m.number > last_lost]
            since = [number for number in since if number not in self.suppressed]
            if since:
                assert newest[key] == since[-1]
        if not self.losses():
            assert told == len(data)

    def losses(self) -> list[Any]:
        return [m for m in self.offered if isinstance(m, self.market.Lost)]

    def check_gaps(self) -> None:
        """What is missing of the plain data is told by `Overflow`, and stands where it is missing."""
        plain = [m for m in self.offered if type(m) in self.box._intake.plain]
        plain = [m.number for m in plain if m.number not in self.suppressed]
        missing = 0
        place = 0
        for message in self.got:
            if isinstance(message, Overflow):
                missing += message.count
            elif type(message) in self.box._intake.plain:
                assert plain.index(message.number) == place + missing
                place += missing + 1
                missing = 0
        assert len(plain) == place + missing

    def check_bases(self) -> None:
        """No delta comes without the one before it, or a snapshot, since its key was last up."""
        at: dict[str, int | None] = {}
        before: dict[int, int | None] = {}
        last: dict[str, int | None] = {}
        for message in self.offered:
            if isinstance(message, self.market.Lost):
                last[message.key] = None
            elif type(message) not in self.events and message.number not in self.suppressed:
                before[message.number] = last.get(message.key)
                last[message.key] = message.number
        for message in self.got:
            if isinstance(message, Overflow):
                continue
            if isinstance(message, self.market.Lost):
                at[message.key] = None
            elif isinstance(message, Based):
                at[message.key] = message.number
            elif type(message) not in self.events:
                ahead = at.get(message.key)
                expected = before[message.number]
                assert ahead == expected or (ahead is not None and expected is not None and ahead >= expected)
                at[message.key] = message.number


@pytest.mark.parametrize("policy", list(ROUTES))
@given(steps=STEPS)
async def test_any_interleaving_keeps_every_promise(
    market: SimpleNamespace, policy: str, steps: list[Any]
) -> None:
    """Order after events, no event lost, exact account, capacity: whatever happens when."""
    world = World(market, policy)
    await world.live(steps)
    world.check_delivered()
    if policy in ("drop_oldest", "mixed", "block"):
        world.check_gaps()
    if policy == "resume":
        world.check_bases()
    if policy == "fail":
        check_failure(world)


def check_failure(world: World) -> None:
    """Either everything is delivered, or one failure names the first and the last of what is not."""
    wanted = [m for m in world.offered if m.number not in world.suppressed]
    if world.failure is None:
        dropped = Counter(world.box.statistics().dropped)
        assert set(dropped) <= {"lost"}
        return
    unread = [m for m in wanted if not any(holds(told, m) for told in world.got)]
    assert world.failure.first_lost.number == unread[0].number
    data = [m.number for m in unread if type(m) not in world.events]
    assert world.failure.last_lost.number >= max(data, default=0)  # collapsed events stand further ahead
    assert world.closed


def holds(told: Any, message: Any) -> bool:
    """Tell whether a delivered message is that one, or collapsed it into itself."""
    numbers = getattr(told, "numbers", ()) or (told.number,)
    return told.key == message.key and numbers[0] <= message.number <= numbers[-1]
