"""Whole campaigns: trees, proxies and exchanges on the memory network, under the virtual clock."""

import pytest
import trio
from trio.testing import MockClock

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.chaos.campaign.arena import Arena, open_arena
from feedtree.ops.chaos.campaign.books import divergences
from feedtree.ops.chaos.campaign.classes import CLASSES
from feedtree.ops.chaos.campaign.controls import run_controls, run_quiet
from feedtree.ops.chaos.campaign.ground import in_memory, over_sockets
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.observation import Observation
from feedtree.ops.chaos.campaign.outages import Outage
from feedtree.ops.chaos.campaign.reproduction import reproduce
from feedtree.ops.chaos.campaign.run import Outcome, Setting, run_campaign
from feedtree.ops.chaos.campaign.settling import Books, settle, totals
from feedtree.ops.chaos.campaign.starts import Starts
from feedtree.ops.chaos.campaign.tracks import PublicTrack
from feedtree.ops.logs import silent
from feedtree.ops.sim_control import TrueBook

SMALL = Scale(streams=1, symbols=1, accounts=1, rate=60.0, orders=80)
# with streams that only some classes meet; no symbol has less traffic than there
WIDE = Scale(streams=1, symbols=1, accounts=1, twofold=1, elsewhere=1, rate=180.0, orders=80)
PUBLIC = Scale(streams=1, symbols=1, accounts=0, rate=60.0, orders=80)


@pytest.mark.parametrize("seed", [1, 2])
async def test_several_faults_at_once_lose_nothing(autojump_clock, seed: int) -> None:
    """On both venues, public and private: all figures, all trades, fills and books, and the ledger."""
    outcome = await run_campaign(Setting(seed=seed, faults=10, scale=SMALL), in_memory, silent())
    assert outcome.invariants == []
    assert {seen.number for seen in outcome.observations} == set(range(1, 11))
    assert outcome.books is not None
    assert outcome.books.trades > 50
    assert outcome.books.fills > 10
    assert not outcome.interrupted


@pytest.mark.campaign
@pytest.mark.parametrize("kind", CLASSES)
async def test_each_class_reaches_its_figures(autojump_clock, kind: str) -> None:
    """On a line of its own."""
    scale = WIDE if CLASSES[kind].twofold or CLASSES[kind].elsewhere else SMALL
    setting = Setting(seed=5, faults=1, only=kind, pick=(1,), narrow=True, scale=scale)
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.invariants == []
    assert outcome.held, outcome.rows
    (row,) = outcome.rows
    assert row.kind == kind
    felt = CLASSES[kind].expects in ("reconnect", "resync")
    assert all(bool(seen.outages) == felt for seen in outcome.observations)


@pytest.mark.parametrize("seed", range(4))
async def test_another_connection_takes_over_without_a_word(autojump_clock, seed: int) -> None:
    """Several times, of every line; and no trade passes untold."""
    setting = Setting(seed=seed, faults=8, only="rollover", spell=3.0, scale=SMALL)
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.held, outcome.rows
    assert {seen.side for seen in outcome.observations} == {"public", "private"}
    assert all(seen.outages == 0 for seen in outcome.observations)
    assert outcome.books is not None
    assert outcome.books.trades > 50
    assert outcome.books.passed == 0


@pytest.mark.parametrize("seed", range(4))
async def test_the_loss_of_one_of_two_connections_is_nobodys_business(autojump_clock, seed: int) -> None:
    """Several times, in each way; and no trade passes untold, or is told twice."""
    setting = Setting(seed=seed, faults=8, only="one_of_two", spell=3.0, scale=WIDE)
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.held, outcome.rows
    assert all(seen.outages == 0 for seen in outcome.observations)
    assert outcome.books is not None
    assert outcome.books.trades > 50
    assert outcome.books.passed == 0


@pytest.mark.parametrize("seed", range(3))
async def test_a_stream_goes_to_its_other_address_and_back(autojump_clock, seed: int) -> None:
    """Each time that the one in use stays away, long before it is back."""
    setting = Setting(seed=seed, faults=3, only="moved", spell=3.0, narrow=True, scale=WIDE)
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.held, outcome.rows
    assert len(outcome.observations) == 3
    assert all(seen.measures["live"] < 6.0 for seen in outcome.observations)


async def test_a_connection_that_nobody_relieves_is_found_out(
    autojump_clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PublicTrack, "relieve", lambda track: None)
    setting = Setting(seed=1, faults=1, only="rollover", pick=(1,), narrow=True, scale=PUBLIC)
    outcome = await run_campaign(setting, in_memory, silent())
    assert not outcome.held
    (seen,) = outcome.observations
    assert seen.wrong == ["no other connection took over within 15 s"]


@pytest.mark.parametrize("seconds", [20.0, 60.0])
async def test_a_line_is_back_when_its_server_is_however_long_it_was_away(
    autojump_clock, seconds: float
) -> None:
    setting = Setting(
        seed=6, faults=1, only="away", pick=(1,), narrow=True, scale=SMALL, seconds={"away": seconds}
    )
    outcome = await run_campaign(setting, in_memory, silent())
    assert outcome.held, outcome.rows


async def test_a_campaign_that_is_broken_off_tells_what_there_is(autojump_clock) -> None:
    scope = trio.CancelScope()

    def enough(seen: Observation) -> None:
        if seen.number == 2:
            scope.cancel()

    outcome = await run_campaign(
        Setting(seed=1, faults=10, scale=SMALL), in_memory, silent(), tell=enough, scope=scope
    )
    assert outcome.interrupted
    assert outcome.books is None
    assert 1 <= sum(row.count for row in outcome.rows) < 10


# The checks notice what is broken


async def settled(break_it) -> Books:
    async with open_arena(SMALL, 3, in_memory, silent()) as arena:
        await arena.live()
        begun = await totals(arena)
        await trio.sleep(15)
        break_it(arena)
        return await settle(arena, {line.number: [] for line in arena.lines}, begun)


def nothing(arena: Arena) -> None:
    """Leave everything as it is."""


def lose_a_trade(arena: Arena) -> None:
    trades = arena.public()[0].trades
    trades[next(iter(trades))].pop(10)


def tell_a_trade_twice(arena: Arena) -> None:
    trades = next(iter(arena.public()[0].trades.values()))
    trades.append(trades[10])


def lose_a_fill(arena: Arena) -> None:
    messages = arena.private()[0].messages
    messages.remove(next(message for message in messages if isinstance(message, Fill)))


def lose_the_stream(arena: Arena) -> None:
    now = trio.current_time()
    outages = arena.public()[0].outages
    outages.past.append(
        Outage(
            lost=now,
            last_ns=arena.ground.wall_ns(),
            cause="a bug",
            generation=1,
            live=now,
            live_ns=arena.ground.wall_ns(),
        )
    )


async def test_where_nothing_is_broken_nothing_is_said(autojump_clock) -> None:
    books = await settled(nothing)
    assert (books.broken, sum(books.lost.values()), sum(books.doubled.values())) == ([], 0, 0)


@pytest.mark.parametrize(
    ("break_it", "lost", "doubled", "word"),
    [
        (lose_a_trade, 1, 0, "1 trades of C000/USDT were never told"),
        (tell_a_trade_twice, 0, 1, "1 trades of C000/USDT were told twice"),
        (lose_a_fill, 1, 0, "a fill was never told"),
        (lose_the_stream, 0, 0, "was lost though nothing was wrong: a bug"),
        (lose_the_stream, 0, 0, "an outage is not in the ledger: a bug"),
    ],
)
async def test_what_is_broken_is_told(autojump_clock, break_it, lost: int, doubled: int, word: str) -> None:
    books = await settled(break_it)
    assert sum(books.lost.values()) == lost
    assert sum(books.doubled.values()) == doubled
    assert any(word in sentence for sentence in books.broken), books.broken


async def test_a_restart_where_there_is_nothing_to_restart_for_fails(autojump_clock) -> None:
    """A stall of five seconds is no hiccup."""
    setting = Setting(seed=4, faults=1, only="hiccup", seconds={"hiccup": 5.0}, scale=SMALL)
    outcome = await run_campaign(setting, in_memory, silent())
    assert not outcome.held
    assert "restarts where there was nothing to restart for" in outcome.invariants[0]


class Lying:
    """Exchanges that tell other books than they have, or none."""

    def __init__(self, arena: Arena, answer: str) -> None:
        self._arena = arena
        self._answer = answer

    async def book(self, venue: str, symbol: Symbol, sequence: int) -> TrueBook | None:
        if self._answer == "fails":
            raise RestFailed("/book", "no answer")
        found = await self._arena.exchanges.book(venue, symbol, sequence)
        assert found is not None
        return TrueBook(found.id, found.bids[1:], found.asks) if self._answer == "lies" else None


@pytest.mark.parametrize(("answer", "count"), [("lies", 1), ("has it no more", 0), ("fails", 0)])
async def test_a_book_that_is_not_the_exchanges_is_told(autojump_clock, answer: str, count: int) -> None:
    """What cannot be compared is passed over."""
    async with open_arena(SMALL, 3, in_memory, silent()) as arena:
        await arena.live()
        track = arena.public()[0]
        assert await divergences(track, arena.exchanges) == []
        found = await divergences(track, Lying(arena, answer))  # type: ignore[arg-type]
    assert len(found) == count
    assert all("diverged from the exchange's book: bids[0]" in sentence for sentence in found)


# The control arm


async def test_the_control_arm_costs_no_restart(autojump_clock) -> None:
    starts = Starts()
    async with open_arena(SMALL, 3, in_memory, silent()) as arena, trio.open_nursery() as nursery:
        nursery.start_soon(starts.run, arena.tree)
        await arena.live()
        await trio.sleep(11)
        found = await run_controls(arena, starts, full=False)
        nursery.cancel_scope.cancel()
    assert [(control.name, control.restarts, control.wrong) for control in found] == [
        ("rest_5xx", 0, []),
        ("slow_consumers", 0, []),
        ("peak", 0, []),
    ]


async def test_symbols_that_are_quiet_for_a_minute_cost_no_restart(autojump_clock) -> None:
    assert (await run_quiet(in_memory, 3, silent(), 60.0)).held


# Seen again


def failed(setting: Setting) -> Outcome:
    return trio.run(lambda: run_campaign(setting, in_memory, silent()), clock=MockClock(autojump_threshold=0))


def test_a_failure_becomes_a_test_with_as_few_faults_as_fail() -> None:
    """Of five hiccups the lines that stall too long fail each by itself: one is left."""
    outcome = failed(Setting(seed=4, faults=3, only="hiccup", seconds={"hiccup": 5.0}, scale=SMALL))
    told: list[str] = []
    text = reproduce(outcome, silent(), told.append)
    assert "async def test_chaos_seed_4(autojump_clock)" in text
    (pick,) = (line for line in text.splitlines() if "pick=(" in line)
    assert "narrow=True" in pick
    assert pick.partition("pick=(")[2].partition(")")[0].count(",") == 1, "one fault is left"
    compile(text, "test", "exec")
    assert told == ["looking whether the failure shows on the memory network, too"]


def test_a_failure_that_the_memory_network_does_not_show_becomes_a_command_line() -> None:
    """A hiccup costs nothing, there or over sockets: what was said to fail is left as it was."""
    setting = Setting(seed=2, faults=2, only="hiccup", spell=0.5, scale=SMALL)
    outcome = failed(setting)
    outcome.broken.append("a task was left behind")
    told: list[str] = []
    text = reproduce(outcome, silent(), told.append)
    assert text == "feedtree chaos run --seed 2 --faults 2 --venue gateio.spot,mexc.spot --only hiccup"
    assert told[-1] == "it does not; looking for fewer faults that fail over sockets"


# Over sockets


async def test_a_short_campaign_over_sockets() -> None:
    """Loopback, TLS, exchanges and proxies in processes of their own; one fault for each line."""
    setting = Setting(
        seed=2, faults=5, spell=0.5, scale=Scale(streams=2, symbols=1, accounts=1, rate=200.0, orders=100)
    )
    with trio.fail_after(120):
        outcome = await run_campaign(setting, over_sockets, silent())
    assert outcome.broken == []
    assert {seen.number for seen in outcome.observations} == {1, 2, 3, 4, 5}
    assert outcome.books is not None
    assert outcome.books.trades > 0
    assert outcome.late is not None
