"""Faults over faults on one connection: none of them gives away what another one hides."""

import pytest
import trio
import trio.testing


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("black_hole", {"fault": "black_hole"}),
        ("black_hole", {"fault": "black_hole", "direction": "up"}),
        ("stall", {"fault": "black_hole"}),
    ],
)
def test_a_reset_waits_until_nothing_is_in_its_way(medium, outer: str, inner: dict[str, str]) -> None:
    """A hole that ends within another one, or within a stall, does not tell; the last one that ends does."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault(outer):
            async with line.proxy.fault(**inner):
                await client.send(b"lost")
                await client.within(medium.moment)
            await client.within(medium.moment)
            await server.within(medium.moment)
            assert (client.over, server.over) == (None, None)
        assert (await client.listen()).over == (await server.listen()).over == "reset"
        assert server.heard == b""

    medium.run(scenario)


def test_nothing_passes_behind_a_hole_while_its_reset_waits(medium) -> None:
    """A stall of the other way is in the way of the reset, not of the bytes: they would come with a gap."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("stall", direction="down"):
            async with line.proxy.fault("black_hole", direction="up"):
                await client.send(b"lost")
                await server.within(medium.moment)
            await client.send(b"behind")
            assert await server.within(medium.moment) == b""
            assert server.over is None
        assert (await server.listen()).over == "reset"

    medium.run(scenario)


def test_holes_that_overlap_reset_when_the_last_one_ends(medium) -> None:
    """The first one to begin is the first one to end."""

    async def scenario(line) -> None:
        client, _ = await line.pair()
        async with trio.open_nursery() as nursery:
            first = trio.CancelScope()
            nursery.start_soon(work, line.proxy, first)
            await trio.testing.wait_all_tasks_blocked()
            async with line.proxy.fault("black_hole"):
                await client.send(b"lost")
                await client.within(medium.moment)
                first.cancel()
                await client.within(medium.moment)
                assert client.over is None
            assert (await client.listen()).over == "reset"

    medium.run(scenario)


async def work(proxy, scope: trio.CancelScope) -> None:
    with scope:
        async with proxy.fault("black_hole"):
            await trio.sleep_forever()
