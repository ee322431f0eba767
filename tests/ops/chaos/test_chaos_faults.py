"""Each fault does just what it says, on the memory network under a virtual clock and over sockets."""

import ssl

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from feedtree.exchanges.errors import ConnectionLost, DialFailed, TlsFailed
from feedtree.exchanges.wire.transport import receive
from feedtree.ops.chaos.certificates import EXPIRED


async def test_of_the_door(line) -> None:
    """Faults of the door do not choose among connections."""
    async with line() as opened:
        with pytest.raises(ValueError, match="unknown"):
            async with opened.proxy.fault("refuse", direction="up"):
                raise AssertionError


def test_refuse_meets_new_connections_alone(medium) -> None:
    """Nothing listens; open connections go on; afterwards the same address accepts again."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("refuse"), line.proxy.fault("refuse"):
            with pytest.raises(DialFailed):
                await line.dial()
            await client.send(b"hello")
            assert await server.hear(5) == b"hello"
        await line.pair()

    medium.run(scenario)


@pytest.mark.parametrize(("how", "over"), [("reset", "reset"), ("close", "end")])
def test_a_server_is_away(medium, how: str, over: str) -> None:
    """Open connections end at once, new ones are refused, until it is back."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("away", how=how):
            assert (await client.listen()).over == over
            assert (await server.listen()).over == over
            with pytest.raises(DialFailed):
                await line.dial()
        await line.pair()

    medium.run(scenario)


@pytest.mark.parametrize(("how", "over"), [("reset", "reset"), ("close", "end")])
def test_flapping_ends_each_new_connection_after_its_life(medium, how: str, over: str) -> None:
    """Bytes pass until then; ``count`` connections are met, the next one stays."""

    async def scenario(line) -> None:
        old, _ = await line.pair()
        async with line.proxy.fault("flap", life=0.2, how=how, count=2) as flapping:
            for _ in range(2):
                began = trio.current_time()
                client, server = await line.pair()
                await server.send(b"hi")
                await client.listen()
                assert medium.took(began, 0.2)
                assert (client.heard, client.over) == (b"hi", over)
            third, _ = await line.pair()
            await third.within(0.3)
            assert (third.over, old.over) == (None, None)
            assert flapping.met == 2

    medium.run(scenario)


@pytest.mark.parametrize(("name", "over"), [("reset", "reset"), ("close", "end")])
def test_connections_end_at_once_on_both_sides(medium, name: str, over: str) -> None:
    """Open ones; new ones only where that is asked for."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault(name) as fault:
            assert (await client.listen()).over == over
            assert (await server.listen()).over == over
            other, _ = await line.pair()
            await other.within(medium.moment)
            assert other.over is None
            assert fault.met == 1
        async with line.proxy.fault(name, on="new"):
            third = await line.dial()
            await third.listen()
        assert other.over is None
        client.transport.close()
        server.transport.close()

    medium.run(scenario)


@pytest.mark.parametrize(("name", "over"), [("reset", "reset"), ("close", "end"), ("half_close", "end")])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_cuts_behind_a_byte_are_exact(medium, name: str, over: str, direction: str) -> None:
    """Just so many bytes pass in the direction, then the end; it is noted where."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        to, by = (client, server) if direction == "down" else (server, client)
        await by.send(b"before")
        await to.hear(6)
        async with line.proxy.fault(name, after=7, direction=direction) as fault:
            for part in (b"012", b"3456", b"789"):
                try:
                    await by.send(part)
                except ConnectionLost:
                    by.over = "reset"
                await trio.sleep(0.02)
            await to.listen()
            assert (to.heard, to.over) == (b"before0123456", over)
            (point,) = fault.points
            assert (point.connection, point.way, point.offset) == (1, direction, 13)
            await to.send(b"back") if name == "half_close" else None
            await by.within(medium.moment)
            assert by.heard == (b"back" if name == "half_close" else b"")
            assert by.over == (None if name == "half_close" else over)

    medium.run(scenario)


def test_half_close_leaves_the_other_direction(medium) -> None:
    """At once: the client sees an end, what it sends still comes through, what comes for it is swallowed."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        (connection,) = line.proxy.connections
        async with line.proxy.fault("half_close"):
            assert (await client.listen()).over == "end"
        await server.send(b"unheard")
        await client.send(b"heard")
        assert await server.hear(5) == b"heard"
        await client.transport.send_eof()
        assert (await server.listen()).over == "end"
        await server.transport.send_eof()
        with trio.fail_after(1):
            while line.proxy.connections:  # noqa: ASYNC110 - the proxy tells nobody
                await trio.sleep(0.001)
        assert (connection.down.received, connection.down.delivered, connection.down.swallowed) == (7, 0, 7)

    medium.run(scenario)


def test_new_connections_can_begin_half_closed(medium) -> None:
    """The end comes before any byte."""

    async def scenario(line) -> None:
        async with line.proxy.fault("half_close", on="new", direction="up"):
            client, server = await line.pair()
            await client.send(b"unheard")
            await server.listen()
            assert (server.heard, server.over) == (b"", "end")
            await server.send(b"heard")
            assert await client.hear(5) == b"heard"

    medium.run(scenario)


@pytest.mark.parametrize("direction", ["both", "up", "down"])
def test_a_black_hole_swallows_bytes_and_ends(medium, direction: str) -> None:
    """Nothing gets through in its direction, TCP stays up; new connections are met, too; afterwards a reset."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole", direction=direction):
            late, later = await line.pair()
            for one, other in ((client, server), (late, later)):
                await one.send(b"up")
                await other.send(b"down")
                await one.transport.send_eof()
                await one.within(medium.moment)
                await other.within(medium.moment)
                assert one.heard == (b"down" if direction == "up" else b"")
                assert other.heard == (b"up" if direction == "down" else b"")
                assert one.over is None
                assert other.over == ("end" if direction == "down" else None)
        for end in (client, late):
            assert (await end.listen()).over == "reset"

    medium.run(scenario)


@pytest.mark.parametrize("direction", ["both", "up", "down"])
def test_a_black_hole_hides_that_both_sides_have_ended(medium, direction: str) -> None:
    """The connection stays up for who does not know, until the hole is closed."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole", direction=direction):
            await client.transport.send_eof()
            await server.within(medium.moment)
            await server.transport.send_eof()
            await client.within(medium.moment)
            await server.within(medium.moment)
            assert client.over == ("end" if direction == "up" else None)
            assert server.over == ("end" if direction == "down" else None)
        for end in (client, server):
            if end.over is None:
                assert (await end.listen()).over == "reset"

    medium.run(scenario)


def test_a_black_hole_keeps_no_connection_that_both_sides_reset(medium) -> None:
    """Nobody waits for anything."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole"):
            client.transport.abort()
            server.transport.abort()
            await trio.sleep(medium.moment)
            assert line.proxy.connections == ()

    medium.run(scenario)


def test_a_black_hole_in_which_nothing_was_lost_leaves_no_trace(medium) -> None:
    """A connection that was quiet meanwhile goes on."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole"):
            await trio.sleep(0.1)
        await client.send(b"hello")
        assert await server.hear(5) == b"hello"

    medium.run(scenario)


def test_a_black_hole_hides_a_reset(medium) -> None:
    """The server does not learn that its client has gone, until the hole is closed."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("black_hole"):
            client.transport.abort()
            await server.within(medium.moment)
            assert server.over is None
        assert (await server.listen()).over == "reset"

    medium.run(scenario)


def test_the_first_retry_can_be_swallowed_too(medium) -> None:
    """``count`` limits how many new connections are met."""

    async def scenario(line) -> None:
        await line.pair()
        async with line.proxy.fault("black_hole", count=1) as hole:
            for _ in range(3):
                await line.pair()
            await wait_all_tasks_blocked()
            assert [connection.number for connection in hole.connections] == [1, 2]
        assert (hole.met, hole.connections) == (2, ())

    medium.run(scenario)


@pytest.mark.parametrize("direction", ["both", "up", "down"])
def test_a_stall_holds_and_goes_on(medium, direction: str) -> None:
    """Nothing comes while it lasts, not even an end; then everything, in order; the other direction goes on."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("stall", direction=direction):
            await client.send(b"up")
            await client.transport.send_eof()
            await server.send(b"down")
            await client.within(medium.moment)
            await server.within(medium.moment)
            assert client.heard == (b"down" if direction == "up" else b"")
            assert server.heard == (b"up" if direction == "down" else b"")
            assert server.over == ("end" if direction == "down" else None)
        assert await client.hear(4) == b"down"
        await server.listen()
        assert (server.heard, server.over) == (b"up", "end")

    medium.run(scenario)


def test_a_stall_holds_the_sender_up(medium) -> None:
    """The proxy does not read on: what the networks hold is all that goes out; nothing of it is lost."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        size = 60_000_000
        async with trio.open_nursery() as nursery:
            async with line.proxy.fault("stall"):
                nursery.start_soon(client.send, b"x" * size)
                await server.within(medium.moment)
                assert client.transport.unsent > size / 2
                assert server.heard == b""
            got = 0
            while got < size:
                await server.pull()
                got, server.heard = got + len(server.heard), b""

    medium.run(scenario)


def test_faults_combine(medium) -> None:
    """Each is done to what those before it let pass."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with (
            line.proxy.fault("drop", after=1, length=2),
            line.proxy.fault("duplicate", after=1, length=2),
            line.proxy.fault("latency", delay=0.1, direction="down"),
            line.proxy.fault("close", after=5),
        ):
            began = trio.current_time()
            await server.send(b"ABCDEFG")
            await client.listen()
            assert (client.heard, client.over) == (b"ADEDE", "end")
            assert medium.took(began, 0.1)

    medium.run(scenario)


def test_only_the_connections_that_were_chosen(medium) -> None:
    """Several faults at once on different connections."""

    async def scenario(line) -> None:
        pairs = [await line.pair() for _ in range(3)]
        one, two, _ = line.proxy.connections
        async with (
            line.proxy.fault("stall", only=[one]),
            line.proxy.fault("reset", only=[two]),
        ):
            for client, server in pairs:
                if client is not pairs[1][0]:
                    await server.send(b"hello")
            assert await pairs[0][0].within(medium.moment) == b""
            assert (await pairs[1][0].listen()).over == "reset"
            assert await pairs[2][0].hear(5) == b"hello"
        assert await pairs[0][0].hear(5) == b"hello"

    medium.run(scenario)


def test_an_expired_certificate(medium) -> None:
    """A client that checks refuses it, and says why; one that does not is reset; open connections go on."""
    trust = ssl.create_default_context(cafile=str(EXPIRED))
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("tls_expired"):
            with pytest.raises(TlsFailed, match="expired"):
                await line.network.dial(*line.proxy.address, tls=trust)
            believer = await line.network.dial(*line.proxy.address, tls=blind)
            await believer.send_all(b"hello")
            with pytest.raises(ConnectionLost):
                await receive(believer)
            believer.close()
            await client.send(b"hello")
            assert await server.hear(5) == b"hello"
        await line.pair()

    medium.run(scenario)


@pytest.mark.parametrize("name", ["stall", "black_hole"])
def test_bytes_that_wait_for_a_slow_reader_meet_the_fault_as_well(medium, name: str) -> None:
    """What the receiver's network has not taken yet stays; a stall lets it go on later, a black hole never."""
    size = 40_000_000

    async def scenario(line) -> None:
        client, server = await line.pair()
        (connection,) = line.proxy.connections
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trying, server, b"x" * size)
            while connection.down.delivered < 100_000:  # noqa: ASYNC110 - counters tell nobody
                await trio.sleep(0.01)
            await trio.sleep(0.05)
            async with line.proxy.fault(name, direction="down"):
                on_its_way = connection.down.delivered
                await client.within(0.3)
                assert len(client.heard) <= on_its_way < size
                assert client.over is None
            if name == "stall":
                await client.hear(size)
                assert len(client.heard) == size
            else:
                assert (await client.listen()).over == "reset"

    medium.run(scenario)


def test_a_black_hole_takes_what_a_receiver_that_does_not_read_would_have_held_up(medium) -> None:
    """The sender goes on as with any other one; what the receiver had not taken yet is swallowed; then a reset."""
    size = 40_000_000

    async def scenario(line) -> None:
        client, server = await line.pair()
        (connection,) = line.proxy.connections
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trying, server, b"x" * size)
            await trio.sleep(medium.moment)
            assert connection.down.received < size
            async with line.proxy.fault("black_hole", direction="down"):
                while connection.down.received < size:  # noqa: ASYNC110 - counters tell nobody
                    await trio.sleep(0.01)
                assert client.over is None
                assert connection.down.delivered + connection.down.swallowed == size
            assert (await client.listen()).over == "reset"
            assert len(client.heard) <= connection.down.delivered

    medium.run(scenario)


@pytest.mark.parametrize("name", ["drop", "truncate"])
def test_what_is_left_out_is_counted_as_swallowed(medium, name: str) -> None:
    """It was read, and is never to be written."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault(name, after=2), line.proxy.fault("duplicate", length=2):
            await server.send(b"abcd")
            await client.within(medium.moment)
        down = line.proxy.totals().down
        left = {"drop": 1, "truncate": 2}[name]
        assert (down.received, down.swallowed, down.delivered) == (4, left, 4 - left + 2)

    medium.run(scenario)


async def trying(end, data: bytes) -> None:
    try:
        await end.send(data)
    except ConnectionLost:
        end.over = "reset"


def test_a_reader_that_resets_while_bytes_wait_for_it(medium) -> None:
    """The sender learns of it."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trying, server, b"x" * 40_000_000)
            await trio.sleep(0.1)
            client.transport.abort()
        assert server.over == "reset"

    medium.run(scenario)


def test_an_end_for_a_receiver_that_has_gone(medium) -> None:
    """Held until the receiver was reset: the sender, who has ended, learns of the reset."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("stall", direction="down"):
            await server.send(b"late")
            await server.transport.send_eof()
            await trio.sleep(0.02)
            async with line.proxy.fault("stall", direction="up"):
                client.transport.abort()
                await trio.sleep(0.02)
        assert (await server.listen()).over == "reset"

    medium.run(scenario)
