"""A contest over real sockets: feedtree and websockets' loop under the same faults, as this environment has them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from feedtree.ops.chaos.peers import contest, contestant
from feedtree.ops.chaos.peers.contest import Entrant, Rules, line, run_contest
from feedtree.ops.chaos.peers.environments import surroundings
from feedtree.ops.chaos.peers.findings import Trial
from feedtree.ops.chaos.peers.ordeals import ORDEALS, Ordeal

BY_NAME = {ordeal.name: ordeal for ordeal in ORDEALS}
PROGRAMS = "feedtree.ops.chaos.peers.clients"
ONCE = {"passes": 1}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing rests longer than it must."""
    monkeypatch.setattr(contest, "_STABLE_S", 0.1)
    monkeypatch.setattr(contest, "_SETTLE_S", 0.5)
    monkeypatch.setattr(contest, "_STAGGER_S", 0.0)


def entrant(name: str, program: str) -> Entrant:
    return Entrant(name, [sys.executable, "-m", f"{PROGRAMS}.{program}"], surroundings)


async def held(
    folder: Path, entrants: Sequence[Entrant], cap: float, *ordeals: Ordeal
) -> tuple[list[Trial], dict[str, str], list[str]]:
    trials: list[Trial] = []
    versions: dict[str, str] = {}
    said: list[str] = []
    with trio.fail_after(150):
        await run_contest(entrants, Rules(cap, 1, ordeals), folder, trials, versions, said.append)
    return trials, versions, said


def once(name: str, **changes: Any) -> Ordeal:
    values = {field: getattr(BY_NAME[name], field) for field in Ordeal.__struct_fields__}
    return Ordeal(**(values | ONCE | changes))


async def test_both_are_back_after_a_reset_and_an_absence(tmp_path: Path) -> None:
    """Told of it, with the books of the exchange; an absence is part of the time until the return."""
    both = [entrant("feedtree", "feedtree_client"), entrant("websockets", "websockets_client")]
    trials, versions, said = await held(tmp_path, both, 60.0, once("reset"), once("away", seconds=0.5))
    assert sorted((trial.ordeal, trial.client) for trial in trials) == [
        ("away", "feedtree"),
        ("away", "websockets"),
        ("reset", "feedtree"),
        ("reset", "websockets"),
    ]
    for trial in trials:
        assert trial.detected is not None
        assert trial.recovered is not None
        assert trial.detected < trial.recovered
        assert trial.told in ("StreamLost", "ConnectionClosedError")
        assert trial.wrong == []
        if trial.ordeal == "away":
            assert trial.recovered > 0.5
            assert trial.lost > 0
    assert set(versions) == {"feedtree", "websockets"}
    assert said[0] == "reset, 1 of 1"


async def test_who_never_finds_out_has_lost_what_came_meanwhile(tmp_path: Path) -> None:
    """A loop whose pings are answered hears nothing until the cap, where the exchange resets it."""
    trials, *_ = await held(
        tmp_path, [entrant("websockets", "websockets_client")], 1.0, once("mute"), once("swallowed")
    )
    assert [trial.ordeal for trial in trials] == ["mute", "swallowed"]
    for trial in trials:
        assert (trial.detected, trial.recovered, trial.told, trial.wrong) == (None, None, "", [])
        assert trial.lost > 0


async def test_who_cannot_start_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started again and again; why it ended is told."""
    monkeypatch.setattr(contest, "_READY_S", 3.0)
    monkeypatch.setattr(contestant, "AGAIN_AFTER", 0.1)
    broken = Entrant("broken", [sys.executable, "-c", "raise SystemExit('no such module')"], surroundings)
    trials, versions, said = await held(tmp_path, [broken], 1.0, once("close"))
    assert trials == []
    assert versions == {}
    assert said == [
        "close, 1 of 1",
        "broken is not live and left out: it ended with 1: no such module",
    ]


async def test_who_ends_under_a_fault_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the process is what is wrong with it."""
    monkeypatch.setattr(contest, "_SETTLE_S", 0.0)
    code = (
        "import asyncio\n"
        "from feedtree.ops.chaos.peers.clients import websockets_client as client\n"
        "def give_up(*_): raise SystemExit('given up')\n"
        "client.Teller.noticed = give_up\n"
        "asyncio.run(client.main())\n"
    )
    fragile = Entrant("fragile", [sys.executable, "-c", code], surroundings)
    (trial,), *_ = await held(tmp_path, [fragile], 60.0, once("reset"))
    assert trial.recovered is None
    assert trial.wrong == ["it ended with 1: given up"]


def test_all_of_it_takes_less_than_a_quarter_of_an_hour() -> None:
    """With the cap and the faults as they are."""
    assert Rules(200.0, 3, ORDEALS).longest_s < 15 * 60 - 60


def test_a_trial_in_a_line() -> None:
    """Read while others run."""
    trial = Trial(
        client="one", ordeal="close", detected=None, recovered=1.0, lost=3, wrong=["BTC/USDT: no bids"]
    )
    assert line(trial) == (
        "  one          found out      never  back    1.000 s      3 trades lost"
        "  told nothing  WRONG BTC/USDT: no bids"
    )
