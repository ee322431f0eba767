"""A connection is open from its acceptance on, before anything of it has run."""

import pytest
import trio

from feedtree.exchanges.wire.memory import MemoryConnection


@pytest.mark.parametrize(
    ("fault", "over"),
    [
        ({"fault": "reset"}, "reset"),
        ({"fault": "close"}, "end"),
        ({"fault": "away"}, "reset"),
        ({"fault": "flap", "on": "open", "life": 0.5}, "end"),
    ],
)
async def test_a_fault_on_open_ones_meets_what_has_just_been_accepted(
    line, end_of, fault: dict[str, object], over: str, autojump_clock
) -> None:
    """Also one that is over before the connection runs."""
    async with line() as opened:
        connection = MemoryConnection(1000, "client", "proxy")
        client = end_of(connection.client)
        opened.proxy.accept(connection.server)
        began = trio.current_time()
        async with opened.proxy.fault(**fault) as running:
            with trio.fail_after(1):
                met = await running.struck()
        assert met.number == 1
        assert (await client.listen()).over == over
        assert trio.current_time() == began + fault.get("life", 0)
        client.transport.close()


async def test_a_fault_on_new_ones_does_not(line, end_of, autojump_clock) -> None:
    """It had come before the fault."""
    async with line() as opened:
        connection = MemoryConnection(1000, "client", "proxy")
        client = end_of(connection.client)
        opened.proxy.accept(connection.server)
        async with opened.proxy.fault("reset", on="new"):
            await client.within(1)
        assert client.over is None
        client.transport.close()
