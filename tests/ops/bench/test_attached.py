import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.app import open_tree
from feedtree.ops.bench.attached import (
    CALM,
    ENOUGH,
    FIGURE,
    LARGER,
    WATCHED,
    Watched,
    late_share,
    missed,
    order,
    part,
    watch,
)
from feedtree.ops.bench.attached_app import BETWEEN, LOOKS, Task, Windows, total
from feedtree.ops.bench.attached_top import ATTACH, DETACH, Top, Visit, streams_in
from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.grid import Run as LoadRun
from feedtree.ops.bench.looks import Look, look, middle
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.parts import Figure, Part
from feedtree.ops.bench.performance import STORY
from feedtree.ops.bench.processes import open_bench
from feedtree.ops.bench.registry import PARTS
from feedtree.ops.bench.runs import Run
from feedtree.ops.config import Config
from feedtree.ops.inspect.answers import line
from feedtree.ops.inspect.protocol import Problem
from feedtree.ops.inspect.sockets import socket_path

Made = Callable[..., Run]

A_LOOK = Look(100.0, 300.0, 50.0, 4_000)
FAILED = LoadRun(LARGER, None, ["it failed"])


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A private folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield folder


def windows(made: Made, *pairs: tuple[float, float], **changes: Any) -> list[Run]:
    """Runs of pairs of windows that cost so many µs a message, alone and attached."""
    return [
        made(case, us, number=number, **changes)
        for number, pair in enumerate(pairs)
        for case, us in zip((CALM, WATCHED), pair, strict=True)
    ]


def judged(found: Part) -> Figure:
    (figure,) = (each for each in found.figures if each.name == FIGURE)
    return figure


def test_windows_alternate_and_every_other_pair_is_the_other_way_round() -> None:
    """Neither side is always the first; there are at least fifteen pairs."""
    assert order(3) == [False, True, True, False, False, True]
    assert PARTS["attached"].rounds >= 15


def test_the_figure_is_the_median_of_the_pairs(made: Made) -> None:
    """Held up to one per cent; each pair is shown with its ratio."""
    found = part(Watched(windows(made, (10.0, 10.0), (20.0, 20.1), (10.0, 11.0)), [A_LOOK]), FAILED)
    assert judged(found).value == pytest.approx(1.005)
    assert judged(found).held
    assert judged(found).note == "a look a second is 0.90% of it by itself"  # 450 µs of 50 ms
    assert [row[0] for row in found.tables[0].rows] == ["1", "2", "3", "median of all"]
    assert found.tables[0].rows[2][3] == pytest.approx(1.1)
    assert not judged(part(Watched(windows(made, (10.0, 10.2))), FAILED)).held


def test_disturbed_pairs_are_left_out_where_ten_remain(made: Made) -> None:
    """They are marked in any case."""
    calm = windows(made, *[(10.0, 10.0)] * ENOUGH)
    loud = [
        msgspec.structs.replace(run, round=ENOUGH + run.round)
        for run in windows(made, *[(10.0, 12.0)] * (ENOUGH + 1), foreign=0.5)
    ]
    found = part(Watched([*calm, *loud]), FAILED)
    assert judged(found).value == pytest.approx(1.0)
    assert judged(found).note == "11 of 21 pairs disturbed, left out"
    assert [row[4] for row in found.tables[0].rows].count("disturbed") == 11
    assert judged(part(Watched([*calm[2:], *loud]), FAILED)).value == pytest.approx(1.2)


def test_a_window_in_which_too_little_was_asked_does_not_count(made: Made) -> None:
    """It would make the app look cheaper than it is."""
    runs = windows(made, (10.0, 10.1))
    runs += [made(CALM, 10.0, number=1), made(WATCHED, 9.0, number=1, fault="1 looks, not 2")]
    found = part(Watched(runs), FAILED)
    assert judged(found).value == pytest.approx(1.01)
    assert found.faults[1:] == ["tls 10 symbols 5,000/s top attached, round 1: 1 looks, not 2"]
    assert missed(Visit([1.0, 1.0], [10, 10], streams=1)) == []
    assert missed(Visit([1.0], [10], 1)) == ["1 looks, not 2"]
    assert missed(Visit([1.0, 1.0], [10, 10], 0, ["hung up"])) == ["0 streams were seen, not 1", "hung up"]


def test_an_app_that_went_wrong_counts_in_nothing(made: Made) -> None:
    """A lost message is a fault of all of it, told once."""
    found = part(Watched(windows(made, (10.0, 10.0)), [A_LOOK], ["9 of 10 messages came"]), FAILED)
    assert [figure.name for figure in found.figures] == ["a look at 1 x 10"]
    assert found.tables[0].rows == []
    assert found.faults == ["attached: 9 of 10 messages came", "3 x 100: it failed"]


def test_looks_at_a_larger_tree_stand_beside_it() -> None:
    """By the size of the tree, with the answer's; a run that was wrong has none."""
    found = part(Watched([], [A_LOOK]), FAILED)
    assert found.tables[1].rows == [("1 x 10", 100.0, 300.0, 50.0, 450.0, pytest.approx(3.9, abs=0.01))]
    assert found.faults == ["3 x 100: it failed"]
    assert "4,000 bytes" in found.figures[0].note
    assert middle([A_LOOK, Look(300.0, 300.0, 70.0, 5_000), Look(200.0, 200.0, 60.0, 5_000)]) == Look(
        200.0, 300.0, 60.0, 5_000
    )


def test_the_story_explains_what_is_measured() -> None:
    """The document has a paragraph on it."""
    assert "*Attached* is one app" in STORY.read_text()


def test_messages_of_a_window_that_left_late_are_counted() -> None:
    """By the pace since the first message."""
    step = 200_000  # ns at 5,000 messages/s
    times = [at * step for at in range(10)]
    times[7] += 1_000_001
    times[8] += 1_000_000
    assert late_share(times, 0, 5) == 0.0
    assert late_share(times, 5, 10) == pytest.approx(0.2)


def test_who_attaches_comes_and_goes_between_windows() -> None:
    """It is told to come a while before the clock runs, and to go when it has stopped; then come the looks."""
    told: list[tuple[int, bytes]] = []
    looked: list[int] = []
    task = Task(Errand("", None, None, (), 0, 0, warm=50), [False, True, True], 100, 20, "", None)
    count = 0

    def note() -> Look:
        looked.append(count)
        return A_LOOK

    windows = Windows(task, lambda order: told.append((count, order)), note)
    last = total(50, 3, 100, 20)
    for count in range(1, last + 1):
        done = windows.reached(count)
        assert done == (count == last)
        assert len(windows.samples) == min(max(count - 50, 0) // 120, 3)
    assert told == [(170, ATTACH), (290, DETACH), (290, ATTACH), (410, DETACH)]
    assert looked == [410 + number * BETWEEN for number in range(1, LOOKS + 1)]
    assert {sample.messages for sample in windows.samples} == {100}


async def test_what_attaches_asks_as_top_does(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks on one connection, follows on another, and leaves both when it is told to."""
    monkeypatch.setattr("feedtree.ops.inspect.server.LAST_WORDS", 0.01)
    orders, reading = trio.testing.memory_stream_one_way_pair()
    path = socket_path("looked at")  # before the app has it: then it is that of a second one
    with trio.fail_after(60):
        async with (
            open_tree(Config({}), app="looked at", inspect=True, network=MemoryNetwork()) as tree,
            trio.open_nursery() as nursery,
        ):
            top = Top(str(path))
            nursery.start_soon(top.obey, reading)
            for _ in range(2):
                await orders.send_all(ATTACH)
                await _until(lambda: _connections(tree) == 2)
                await orders.send_all(DETACH)
                await _until(lambda: _connections(tree) == 0)
            await orders.aclose()
    first, second = top.visits()
    for visit in (first, second):
        assert visit.faults == []
        assert len(visit.looks_ms) == len(visit.looks_bytes) >= 1
        assert visit.streams == 0


def _connections(tree: Any) -> int:
    """Count the clients that the inspect server attends to."""
    stack = tree.supervisor.stack("ops/inspect")
    return stack.count("_attend")  # type: ignore[no-any-return]


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what another process's side does has no event here
        await trio.sleep(0.01)


async def test_an_app_that_is_not_there_is_a_fault(runtime: str) -> None:
    """And no look."""
    orders, reading = trio.testing.memory_stream_one_way_pair()
    top = Top(f"{runtime}/nothing.sock")
    await orders.send_all(ATTACH)
    await orders.aclose()
    with trio.fail_after(60):
        await top.obey(reading)
    (visit,) = top.visits()
    assert visit.looks_ms == []
    assert "FileNotFoundError" in visit.faults[0]


@pytest.mark.parametrize("said", [b"", b"{}", line(problem=Problem("starting", "not yet"))])
def test_what_is_no_answer_to_a_look_is_a_fault(said: bytes) -> None:
    """Also where the app answers that it has none."""
    with pytest.raises(msgspec.MsgspecError):
        streams_in(said)


async def test_a_look_is_timed_step_by_step(runtime: str) -> None:
    """And makes an answer of it that a client can read."""
    async with open_tree(Config({}), network=MemoryNetwork()) as tree:
        found = look(tree)
    assert min(found.nodes_us, found.facts_us, found.encoding_us) > 0
    assert found.whole_us == found.nodes_us + found.facts_us + found.encoding_us
    assert found.size > 100


def test_an_app_is_watched_at_work(tmp_path: Path, runtime: str) -> None:
    """Server, app and what attaches are three processes; every message comes, and every book is right."""
    cores = Cores(None, None)
    with open_bench(tmp_path, {}, cores) as bench:
        watched = watch(bench, cores, runtime, 1, size=2_500)
    assert watched.faults == []
    assert [run.case for run in watched.runs] == [CALM, WATCHED]
    assert watched.runs[0].counts
    assert not watched.runs[1].counts  # half a second and the gap are too short for two looks
    assert len(watched.looks) == LOOKS
