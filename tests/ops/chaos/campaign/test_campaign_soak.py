"""Soaks: slopes with intervals, charts, the running account, and a short soak under the virtual clock."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import trio

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.messages import Fill
from feedtree.ops import chaos_soak_command
from feedtree.ops.chaos.campaign import soak
from feedtree.ops.chaos.campaign.arena import Arena, open_arena
from feedtree.ops.chaos.campaign.chart import chart, svg
from feedtree.ops.chaos.campaign.ground import in_memory
from feedtree.ops.chaos.campaign.holdings import GAP_BYTES, RECOVERY_BYTES, bytes_of
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.reckoning import PATIENCE, UNDERWAY_NS, Reckoning
from feedtree.ops.chaos.campaign.settling import totals
from feedtree.ops.chaos.campaign.slopes import slope, warmed_up
from feedtree.ops.chaos.campaign.soak import Sample, Soaked, run_soak
from feedtree.ops.chaos.campaign.soak_telling import drawn, missed, told
from feedtree.ops.cli import command
from feedtree.ops.logs import silent
from feedtree.ops.sim_process import SimulatorFailed

SMALL = Scale(streams=1, symbols=1, accounts=1, rate=40.0, orders=60)

# Slopes


def test_a_line_has_its_slope_and_no_doubt_about_it() -> None:
    found = slope([(float(x), 3.0 * x + 7) for x in range(50)])
    assert found is not None
    assert (found.value, found.low, found.high) == (3.0, 3.0, 3.0)
    assert not found.flat


def test_noise_about_a_level_is_flat_and_an_outlier_changes_nothing() -> None:
    rng = Random(1)
    points = [(float(x), 100 + rng.uniform(-1, 1)) for x in range(200)]
    points[50] = (50.0, 10_000.0)
    found = slope(points)
    assert found is not None
    assert found.flat
    assert abs(found.value) < 0.01


def test_growth_behind_noise_is_seen() -> None:
    rng = Random(1)
    found = slope([(float(x), x * 0.05 + rng.uniform(-1, 1)) for x in range(200)])
    assert found is not None
    assert found.low > 0
    assert found.low < 0.05 < found.high


def test_thousands_of_points_are_thinned_and_a_few_tell_nothing() -> None:
    found = slope([(float(x), 2.0 * x) for x in range(5_000)])
    assert found is not None
    assert found.value == 2.0
    assert slope([(0.0, 1.0), (1.0, 2.0)]) is None
    assert slope([(1.0, float(y)) for y in range(9)]) is None, "all at one place"


def test_the_first_fifth_is_warm_up() -> None:
    assert warmed_up([(float(x), 0.0) for x in range(11)])[0] == (2.0, 0.0)
    assert warmed_up([]) == []


# Charts


def test_a_chart_has_the_least_and_the_greatest_value_beside_it() -> None:
    lines = chart("memory", [(float(x), float(x)) for x in range(120)], width=40, height=4).splitlines()
    assert lines[0] == "memory"
    assert lines[1].startswith("118")
    assert lines[-1].startswith("  1")
    assert lines[-1].endswith("█")
    assert chart("memory", []) == "memory: nothing was measured"
    assert chart("tasks", [(0.0, 5.0)] * 3).count("▁") == 3, "a level"


def test_an_svg_has_a_plot_for_each_series_that_was_measured() -> None:
    text = svg([("a < b", [(0.0, 1.0), (1.0, 2.0)]), ("none", [])])
    assert text.startswith("<svg")
    assert text.count("<polyline") == 1
    assert "a &lt; b: 1 to 2" in text


# The verdict


def _sample(number: int, messages: int, rss_per_1000: float, tasks: int, kept_per_1000: float) -> Sample:
    rss_kib = 80_000 + round(messages / 1_000 * rss_per_1000)
    kept_kib = messages / 1_000 * kept_per_1000
    return Sample(float(number), messages, number * 6, rss_kib, tasks, 120, 9, 0.002, kept_kib)


def made(
    rss_per_1000: float, *, messages: int = 3_000_000, tasks: int = 500, kept_per_1000: float = 0.0
) -> Soaked:
    samples = [_sample(n, n * messages // 100, rss_per_1000, tasks, kept_per_1000) for n in range(101)]
    return Soaked(30.0, 1, 3.0, samples=samples, reconnects=600, faults={"reset": 600}, wrong=[])


def test_what_does_not_grow_holds() -> None:
    assert missed(made(0.0)) == []
    assert told(made(0.0)).endswith("nothing grows")
    assert drawn(made(0.0)).count("<polyline") == 6


def test_memory_that_grows_is_told_with_its_slope() -> None:
    whole, beyond = missed(made(2.0))
    assert whole.startswith("resident memory, KiB grows: +2.0")
    assert beyond.startswith("resident memory beyond what is kept on purpose, KiB grows: +2.0")
    assert "too short" not in told(made(2.0))


def test_memory_beyond_what_is_kept_has_to_be_flat() -> None:
    (sentence,) = missed(made(0.5))
    assert sentence.startswith("resident memory beyond what is kept on purpose, KiB grows: +0.5")


@pytest.mark.parametrize(("kib", "wrong"), [(0.5, []), (2.0, ["resident memory, KiB grows: +2.0"])])
def test_what_fills_up_on_purpose_is_no_leak_and_not_free_either(kib: float, wrong: list[str]) -> None:
    """It is bounded; with it memory must stay under a KiB per 1,000 messages all the same."""
    found = missed(made(kib, kept_per_1000=kib))
    assert [sentence[:32] for sentence in found] == wrong


def test_what_a_gap_and_a_recovery_take_is_what_they_do() -> None:
    """As the interpreter allocates them; their texts are shared."""
    assert (GAP_BYTES, RECOVERY_BYTES) == (168, 296)
    now_ns = 1_790_000_000_000_000_000
    tracemalloc.start()
    held = tracemalloc.get_traced_memory()[0]
    kept = [Gap("", "", "", now_ns + number, now_ns - number) for number in range(1, 1001)]
    grown = tracemalloc.get_traced_memory()[0] - held
    tracemalloc.stop()
    assert grown / len(kept) == pytest.approx(GAP_BYTES, rel=0.2)
    assert bytes_of() == 8


def test_what_is_too_short_is_not_judged_and_says_so() -> None:
    short = made(2.0, messages=1_000_000)
    assert missed(short) == []
    assert "too short to judge slopes: that takes 2,000,000 messages and 500 reconnects" in told(short)


def test_what_was_broken_off_before_it_began_shows_no_empty_charts() -> None:
    lines = told(Soaked(30.0, 1, 3.0, interrupted=True)).splitlines()
    assert lines[0].startswith("0 faults, 0 reconnects, 0 messages")
    assert lines[1] == "it was broken off before anything was measured"


@pytest.mark.parametrize("what", ["lost", "doubled", "diverged"])
def test_something_lost_doubled_or_diverged_is_told_however_short(what: str) -> None:
    short = made(0.0, messages=1_000)
    setattr(short, what, 1)
    assert missed(short) == [f"1 {what}"]


# The running account


async def reckoned(break_it: Callable[[Arena], None]) -> Reckoning:
    async with open_arena(SMALL, 3, in_memory, silent()) as arena:
        await arena.live()
        reckoning = Reckoning(arena, await totals(arena))
        await trio.sleep(UNDERWAY_NS / 1e9 + 5)
        break_it(arena)
        for _ in range(PATIENCE + 1):
            await reckoning.look()
            await trio.sleep(5)
    return reckoning


def _nothing(arena: Arena) -> None:
    """Leave everything as it is."""


def _everything(arena: Arena) -> None:
    """Lose a trade and a fill, and tell another of each twice."""
    trades = next(iter(arena.public()[0].trades.values()))
    trades.pop(0)
    trades.append(trades[0])
    messages = arena.private()[0].messages
    first, second, *_ = (message for message in messages if isinstance(message, Fill))
    messages.remove(first)
    messages.append(second)


@pytest.mark.parametrize(("break_it", "count"), [(_nothing, 0), (_everything, 2)])
async def test_what_is_missing_or_comes_twice_is_counted_once(
    autojump_clock, break_it: Callable[[Arena], None], count: int
) -> None:
    """A trade and a fill each."""
    found = await reckoned(break_it)
    assert (found.lost, found.doubled) == (count, count)
    assert found.trades > 20
    assert found.fills > 5


# Whole


async def test_a_soak_samples_reckons_and_traces(autojump_clock) -> None:
    """Eighty seconds, a fault every second or two; all of it is told."""
    lines: list[str] = []
    found = await run_soak(4 / 3, 1, 1.5, SMALL, in_memory, silent(), tell=lines.append)
    assert not found.interrupted
    assert len(found.samples) >= 75
    assert found.samples[-1].messages > found.samples[0].messages
    assert sum(found.faults.values()) >= 10
    assert found.reconnects > 5
    assert (found.lost, found.doubled, found.diverged, found.wrong) == (0, 0, 0, [])
    assert found.trades > 20
    assert len(lines) == 2
    assert "faults," in lines[0]
    assert found.samples[0].kept_kib == 0 < found.samples[-1].kept_kib < 100
    assert [(each.what, each.most) for each in found.holdings] == [
        ("gaps in the ledgers", 40_000),
        ("recoveries of shards", 2_000),
        ("orders that ended", 20_000),
        ("fills", 40_000),
    ]
    assert all(each.count for each in found.holdings)
    assert f"  orders that ended: {found.holdings[2].count:,} of 20,000" in told(found)
    assert "too short to judge" in told(found)


async def test_allocations_are_looked_at_after_so_many_reconnects(
    autojump_clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "PER_TRACE", 1)
    found = await run_soak(0.25, 1, 1.0, SMALL, in_memory, silent(), trace=True)
    assert found.traces
    assert found.traces[0].reconnects >= 1
    assert " KiB at " in found.traces[0].places[0]
    assert f"allocated after {found.traces[0].reconnects} reconnects" in told(found)


async def test_a_soak_that_is_broken_off_tells_what_there_is(autojump_clock) -> None:
    scope = trio.CancelScope()
    found = await run_soak(
        60.0, 1, 2.0, SMALL, in_memory, silent(), tell=lambda _: scope.cancel(), scope=scope
    )
    assert found.interrupted
    assert found.samples
    assert "it was broken off" in told(found)


@pytest.mark.parametrize(("growth", "code"), [(0.0, 0), (2.0, 1)])
def test_the_exit_code_is_1_where_something_grows(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    growth: float,
    code: int,
) -> None:
    """Report and charts are written all the same."""
    monkeypatch.setattr(chaos_soak_command.trio, "run", lambda *_: made(growth))
    report = tmp_path / "soak.json"
    assert command(["chaos", "soak", "--report", str(report)]) == code
    assert "slopes behind a warm-up" in capsys.readouterr().out
    assert '"reconnects": 600' in report.read_text()
    assert report.with_suffix(".svg").read_text().startswith("<svg")


def test_a_soak_whose_exchanges_do_not_start_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise SimulatorFailed("cannot listen")

    monkeypatch.setattr(chaos_soak_command.trio, "run", fails)
    assert command(["chaos", "soak"]) == 1
    assert "feedtree: the soak did not start: cannot listen" in capsys.readouterr().err
