"""A proxy that works for nights keeps what is open, counts, and bounded lists; not all that has ever passed."""

import gc

import trio
import trio.testing

from feedtree.ops.chaos.connection import Connection


def connections() -> int:
    gc.collect()
    return sum(isinstance(each, Connection) for each in gc.get_objects())


async def test_connections_that_are_over_are_counted_and_not_kept(line, autojump_clock) -> None:
    """However long the fault lasts that they met, and those in the history."""
    before = connections()
    async with line() as opened:
        for _ in range(2):
            async with opened.proxy.fault("latency", delay=0.0) as fault:
                for _ in range(50):
                    client, server = await opened.pair()
                    client.transport.close()
                    server.transport.close()
                await trio.testing.wait_all_tasks_blocked()
                assert (fault.met, fault.connections) == (50, ())
                assert connections() <= before + 3  # the first of each fault can still be asked for
        assert opened.proxy.totals().accepted == 100
        assert len(opened.proxy.history) == 2


async def test_what_is_over_tells_its_counters_alone(line, autojump_clock) -> None:
    """Whatever waited in it is gone; what is done to it then is done to nobody."""
    async with line() as opened:
        client, server = await opened.pair()
        async with opened.proxy.fault("stall") as fault:
            await client.send(b"x" * 100_000)
            (connection,) = fault.connections
            await client.within(1)
            connection.reset()
            await server.listen()
            await trio.testing.wait_all_tasks_blocked()
        assert connection.up.received == 0
        assert connection.ended_at == trio.current_time()
        assert connection._transports == []
        connection.close()
        connection.end("up")
        connection.reset()


async def test_points_are_counted_and_the_newest_kept(line, autojump_clock) -> None:
    """Each with its place."""
    async with line() as opened:
        client, server = await opened.pair()
        async with opened.proxy.fault("corrupt", every=1) as fault:
            await server.send(b"x" * 5_000)
            await client.hear(5_000)
        assert (fault.changes, len(fault.points)) == (2_500, 1_000)
        assert [fault.points[0].offset, fault.points[-1].offset] == [3_000, 4_998]
