"""The simulators' process: where it listens, that it comes back there, and that it ends with its owner."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from feedtree.ops import sim_process
from feedtree.ops.sim_control import ControlFailed, SimControl, open_control
from feedtree.ops.sim_process import SimProcess, SimulatorFailed, open_simulators

OWNER = """
import trio
from feedtree.ops.sim_process import open_simulators
async def main():
    async with open_simulators(["--symbols", "BTC/USDT", "--rate", "10"], print) as simulators:
        print(simulators.pid, flush=True)
        await trio.sleep_forever()
trio.run(main)
"""


@asynccontextmanager
async def simulators(notices: list[str]) -> AsyncIterator[tuple[SimProcess, SimControl]]:
    with trio.fail_after(60):
        async with (
            open_simulators(["--symbols", "BTC/USDT", "--rate", "50"], notices.append) as process,
            open_control(process.addresses.control) as control,
        ):
            yield process, control


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - another process has no event
        await trio.sleep(0.05)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_killed_simulator_listens_again_at_the_same_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Key 3 kills with -9; the same URLs answer again after a pause."""
    monkeypatch.setattr(sim_process, "REVIVAL_DELAY", 0.1)
    notices: list[str] = []
    async with simulators(notices) as (process, control):
        addresses, pid = process.addresses, process.pid
        assert set(addresses.venues) == {"gateio.spot", "mexc.spot"}
        assert await control.answers()
        process.kill()
        await until(lambda: process.starts == 2)
        assert process.addresses == addresses
        assert process.pid != pid
        assert await control.answers()
        assert not process.gone
    assert gone(pid)
    assert gone(process.pid)
    assert notices == [
        "the simulated exchanges ended (killed by signal 9)",
        "the simulated exchanges listen again",
    ]


async def test_a_simulator_that_ends_by_itself_stays_down_until_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody restarts what was killed from outside; the kill key brings it back."""
    monkeypatch.setattr(sim_process, "REVIVAL_DELAY", 0.1)
    notices: list[str] = []
    async with simulators(notices) as (process, control):
        os.kill(process.pid, signal.SIGKILL)
        await until(lambda: process.gone)
        assert not process.alive
        assert not await control.answers()
        with pytest.raises(ControlFailed):
            await control.book("gateio.spot", "BTC/USDT", 1)
        process.kill()
        await until(lambda: process.starts == 2)
        assert await control.answers()


async def test_the_simulators_outlive_a_cancelled_body_until_it_has_ended() -> None:
    """A tree in the body is stopped in order while its exchanges still answer."""
    answered = False
    with trio.fail_after(60), trio.CancelScope() as scope:
        async with open_simulators(["--symbols", "BTC/USDT", "--rate", "10"], print) as process:
            scope.cancel()
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    async with open_control(process.addresses.control) as control:
                        answered = await control.answers()
    assert answered
    assert gone(process.pid)


async def test_a_simulator_that_does_not_start_says_why() -> None:
    """The error holds the process's own last words, and leaves unwrapped."""
    with trio.fail_after(60):
        with pytest.raises(SimulatorFailed, match="BTCUSDT"):
            async with open_simulators(["--symbols", "BTCUSDT"], print):
                raise AssertionError("it cannot have started")


async def test_an_error_of_the_body_leaves_unwrapped() -> None:
    """Whoever embeds the simulators catches its own exceptions as they are."""
    with trio.fail_after(60):
        with pytest.raises(KeyError):
            async with open_simulators(["--symbols", "BTC/USDT"], print):
                raise KeyError("mine")


async def test_faults_break_the_venues_connections() -> None:
    """The keys' faults are known to the simulators; a venue that there is not is refused."""
    async with simulators([]) as (_, control):
        await control.fault("gateio.spot", "reset")
        await control.fault("mexc.spot", "blackhole")
        with pytest.raises(ControlFailed, match="binance"):
            await control.fault("binance", "reset")


async def test_the_truth_of_a_book_is_served_by_id() -> None:
    """The newest id is there, an id of the future is not."""
    async with simulators([]) as (_, control):
        assert await control.book("gateio.spot", "BTC/USDT", 1) is None
        assert await control.book("gateio.spot", "BTC/USDT", 2**60) is None


def test_the_simulators_end_with_a_killed_owner() -> None:
    """Kill -9 of the parent leaves no process behind."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()

    async def until_gone() -> None:
        with trio.fail_after(20):
            await until(lambda: gone(pid))

    trio.run(until_gone)
