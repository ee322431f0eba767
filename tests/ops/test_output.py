"""Output that never blocks: a pipe that stands still costs lines, not time."""

import os
from pathlib import Path
from threading import Thread

import pytest
import trio
import trio.lowlevel
import trio.testing

from feedtree.ops.output import CAPACITY, Output, OutputClosed


async def test_lines_come_in_order() -> None:
    """What is queued is written, in order."""
    reading, writing = os.pipe()
    output = Output(writing)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(output.run)
            output.line("one")
            await trio.testing.wait_all_tasks_blocked()
            output.line("two")
            async with trio.lowlevel.FdStream(reading) as stream:
                received = b""
                while received != b"one\ntwo\n":
                    received += await stream.receive_some()
            nursery.cancel_scope.cancel()
    os.close(writing)


async def test_a_pipe_that_nobody_reads_drops_the_oldest_and_says_so() -> None:
    """Queueing stays instant and bounded; the number of lost lines is told."""
    reading, writing = os.pipe()
    output = Output(writing)
    for number in range(CAPACITY + 5):
        output.line(f"line {number}")
    with trio.fail_after(10):
        await output.drain(5)
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = stream.read().splitlines()
    assert lines[0] == "(5 lines dropped: the output is not read)"
    assert lines[1] == "line 5"
    assert lines[-1] == f"line {CAPACITY + 4}"


async def test_another_thread_writes_at_once_and_leaves_the_queue_in_order() -> None:
    """The watchdog's lines come while the loop stands still, and the output works as before after it."""
    reading, writing = os.pipe()
    output = Output(writing)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(output.run)
            await trio.testing.wait_all_tasks_blocked()
            output.line("queued")
            thread = Thread(target=output.line, args=("at once",))
            thread.start()
            thread.join()
            assert os.read(reading, 100) == b"at once\n"
            async with trio.lowlevel.FdStream(reading) as stream:
                assert await stream.receive_some() == b"queued\n"
                output.line("later")
                assert await stream.receive_some() == b"later\n"
            nursery.cancel_scope.cancel()
    nobody_reads = Thread(target=output.line, args=("lost",))
    nobody_reads.start()  # an exception there would fail this test
    nobody_reads.join()
    os.close(writing)


async def test_a_reader_that_went_away_ends_the_output() -> None:
    """`feedtree run | head` stops the run."""
    reading, writing = os.pipe()
    os.close(reading)
    output = Output(writing)
    output.line("nobody")
    with trio.fail_after(10), pytest.raises(OutputClosed):
        await output.run()
    output.line("still nobody")
    with trio.fail_after(10):
        await output.drain(5)
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
async def test_a_full_disk_loses_lines_and_ends_nothing() -> None:
    """A run must not end because its log cannot grow."""
    full = os.open("/dev/full", os.O_WRONLY)
    output = Output(full)
    for _ in range(3):
        output.line("lost")
        with trio.move_on_after(0.05):
            await output.run()
        assert output.idle
    os.close(full)


async def test_the_end_does_not_wait_for_a_pipe_that_stands_still() -> None:
    """A full pipe delays the end of a run by no more than was allowed."""
    reading, writing = os.pipe()
    output = Output(writing)
    output.piece("x" * 10_000_000)
    assert not output.idle
    with trio.fail_after(10):
        await output.drain(0.01)
    os.close(reading)  # frees the abandoned thread
    await trio.lowlevel.checkpoint()
