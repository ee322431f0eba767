"""Whole trees on lines that are long, dead or mute, in a process that sleeps, and with consumers that hold tasks up."""

from contextlib import AsyncExitStack
from random import Random

import pytest
import trio

from feedtree.actors.publisher import Publisher
from feedtree.exchanges.public.session import Session
from tests.integration.lines import restarted, stage

pytestmark = pytest.mark.campaign


@pytest.mark.parametrize("rtt", [0.05, 0.45])
@pytest.mark.parametrize("how", ["mute", "dead"])
async def test_a_line_is_found_in_two_seconds_however_long_it_is(
    autojump_clock, rtt: float, how: str
) -> None:
    """Of its last datum, dead or mute: answers to pings may be on their way when the time is up."""
    async with stage(rtt) as (_, chaos, tree):
        shards = [shard for feed in tree.public.feeds.values() for shard in feed.plan()]
        async with AsyncExitStack() as stack:
            if how == "mute":
                chaos.simulated("mute", seconds=20.0)
            else:
                await stack.enter_async_context(chaos.black_hole())
            await trio.sleep(3.2)
        for shard in shards:
            assert len(shard.recoveries) == 1
            assert shard.recoveries[0].detected_ms <= 2_000, shard.id


@pytest.mark.parametrize("seconds", [1.8, 20.0])
async def test_a_process_that_slept_accuses_nobody(autojump_clock, seconds: float) -> None:
    """What waits for it comes a moment after the wake-up."""
    random = Random(3)
    async with stage(0.0, rate=300.0, accounts=("main",)) as (_, chaos, tree):
        for _ in range(3):
            await trio.sleep(12 + random.random())
            async with chaos.stall(on="open"):
                await trio.sleep(0.01)
                autojump_clock.jump(seconds)
                await trio.sleep(0.2)
        await trio.sleep(3)
        assert restarted(tree.snapshot()) == []


async def test_a_task_that_waits_for_a_consumer_does_not_stop_the_readers_clock(
    autojump_clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One beside the reader waits seconds for room in a mailbox; the reader hears pongs meanwhile, as late as ever."""
    sessions: list[Session] = []
    run = Session.run

    async def noted(self: Session) -> None:
        sessions.append(self)
        await run(self)

    async def wait_space(self: Publisher, full: object) -> None:
        assert full == ["full"]
        await trio.sleep(pause)

    monkeypatch.setattr(Session, "run", noted)
    async with stage(0.4, rate=0.0, venues=["gateio.spot"]) as (_, _, tree):
        monkeypatch.setattr(Session, "_hand_on", lambda *_: ["full"])
        monkeypatch.setattr(Publisher, "wait_space", wait_space)
        (session,) = sessions
        for number in range(8):
            pause = 3 + number / 15
            await session._publish([])
            await trio.sleep(1)
        monkeypatch.undo()
        (shard,) = tree.public.feeds["gateio.spot"].plan()
        rtt = shard.meters.histogram("rtt_ns")
        assert rtt.lowest is not None
        assert rtt.highest is not None
        assert 0.399e9 < rtt.lowest <= rtt.highest < 0.42e9
        assert restarted(tree.snapshot()) == []
