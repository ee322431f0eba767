"""A test stops a direction at a byte or a text, and does there what it wants: before send, or after send before ack."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Request, TextMessage

from feedtree.ops.chaos.sight import Sight

TEXTS = st.lists(st.binary(max_size=300), max_size=6)


def test_a_direction_stands_still_behind_a_byte(medium) -> None:
    """Just so many bytes have passed; the other direction goes on; released, nothing was lost."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.breakpoint("up", byte=3) as point:
            await client.send(b"before")
            connection = await point.reached()
            assert await server.within(medium.moment) == b"bef"
            assert connection is line.proxy.connections[0]
            await server.send(b"back")
            await client.hear(4)
            point.release()
            assert await server.hear(6) == b"before"
        await client.send(b"!")
        assert await server.hear(7) == b"before!"

    medium.run(scenario)


@pytest.mark.parametrize("stand", ["before", "behind"])
def test_the_nth_text_is_found_on_any_connection(medium, stand: str) -> None:
    """Counted over all; cut there by a reset, the server has seen the third order, or not."""

    async def scenario(line) -> None:
        async with line.proxy.breakpoint("up", text=b"order", nth=3, stand=stand) as point:
            first, its_server = await line.pair()
            await first.send(b"order 0;")
            await its_server.hear(8)
            client, server = await line.pair()
            await client.send(b"order 1;order 2;order 3;")
            connection = await point.reached()
            assert connection.number == 2
            got = await server.within(medium.moment)
            assert got == (b"order 1;" if stand == "before" else b"order 1;order")
            connection.reset()
            assert (await client.listen()).over == (await server.listen()).over == "reset"
        await first.send(b"order 4;")
        await its_server.hear(16)

    medium.run(scenario)


def test_an_answer_is_withheld_after_the_request_has_passed(medium) -> None:
    """After send, before ack: the server has acted, the client learns nothing."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.breakpoint("down", text=b"HTTP/1.1 200") as point:
            await client.send(b"POST /orders HTTP/1.1\r\n\r\n")
            await server.hear(25)
            await server.send(b"HTTP/1.1 200 OK\r\n\r\n")
            (await point.reached()).close()
            await client.listen()
            assert (client.heard, client.over) == (b"", "end")
            assert server.heard == b"POST /orders HTTP/1.1\r\n\r\n"

    medium.run(scenario)


def test_a_text_may_come_in_several_reads(medium) -> None:
    """What came before the last one has passed; the text as a whole has not."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.breakpoint("up", text=b"aab") as point:
            for part in (b"xa", b"a", b"by"):
                await client.send(part)
                await server.within(medium.moment)
            await point.reached()
            assert server.heard == b"xaa"
        assert await server.hear(5) == b"xaaby"

    medium.run(scenario)


def test_only_some_connections_and_no_more_than_once(medium) -> None:
    """Others pass, and so does what comes after the point was given up."""

    async def scenario(line) -> None:
        one, its_server = await line.pair()
        two, other = await line.pair()
        async with line.proxy.breakpoint("up", text=b"x", only=[line.proxy.connections[1]]) as point:
            await one.send(b"x")
            await its_server.hear(1)
            await two.send(b"xxx")
            await point.reached()
            point.release()
            await other.hear(3)
        async with line.proxy.breakpoint("up", byte=5):
            await one.send(b"yy")
            await its_server.hear(3)
        await one.send(b"yyyyyy")
        await its_server.hear(9)

    medium.run(scenario)


@pytest.mark.parametrize("where", [{"byte": 1}, {"text": b"x"}])
@pytest.mark.parametrize("lost_to", ["black_hole", "reset"])
def test_a_point_that_is_lost_on_its_way_is_met_by_a_later_connection(
    medium, where: dict[str, object], lost_to: str
) -> None:
    """Swallowed, or on a connection that was reset, it has stopped nobody; what came between was counted."""

    async def scenario(line) -> None:
        client, _ = await line.pair()
        other, its_server = await line.pair()
        async with line.proxy.breakpoint("up", **where) as point:
            async with line.proxy.fault("latency", delay=5, only=[line.proxy.connections[0]]):
                await client.send(b"x1234")  # found: on its way
                await trio.sleep(medium.moment)
                await other.send(b"x1")
                assert await its_server.hear(2) == b"x1"
                async with line.proxy.fault(lost_to, only=[line.proxy.connections[0]]):
                    await trio.sleep(medium.moment)
            if "byte" in where:
                await other.send(b"x2")
                assert await its_server.hear(4) == b"x1x2"
            third, _ = await line.pair()
            await third.send(b"x")
            with trio.fail_after(2):
                assert (await point.reached()).number == 3

    medium.run(scenario)


def test_a_text_is_found_across_reads_also_where_another_was_lost(medium) -> None:
    """Of bytes that followed on each other, not of such that did not."""

    async def scenario(line) -> None:
        client, _ = await line.pair()
        other, its_server = await line.pair()
        first, second = line.proxy.connections
        async with line.proxy.breakpoint("up", text=b"abc") as point:
            async with line.proxy.fault("latency", delay=5, only=[first]):
                await other.send(b"ab")
                await its_server.hear(2)
                await client.send(b"abc")
                await trio.sleep(medium.moment)
                await other.send(b"-")
                await its_server.hear(3)
                async with line.proxy.fault("black_hole", only=[first]):
                    await trio.sleep(medium.moment)
            await other.send(b"c")
            await its_server.hear(4)
            await other.send(b"abc")
            with trio.fail_after(2):
                assert await point.reached() is second

    medium.run(scenario)


def test_a_stopped_connection_ends_with_the_proxy(medium) -> None:
    """Nobody has to release it."""

    async def scenario(line) -> None:
        async with trio.open_nursery() as nursery:
            client, _ = await line.pair()
            async with line.proxy.breakpoint("up", byte=0) as point:
                await client.send(b"x")
                await point.reached()
                nursery.cancel_scope.cancel()

    medium.run(scenario)


@pytest.mark.parametrize(
    "arguments", [{}, {"byte": 1, "text": b"x"}, {"text": b""}, {"byte": -1}, {"text": b"x", "nth": 0}]
)
async def test_a_point_must_be_one(line, arguments: dict[str, object]) -> None:
    """A byte or a text, counted from the first."""
    async with line() as opened:
        with pytest.raises(ValueError, match=r"breakpoint|counted"):
            async with opened.proxy.breakpoint("up", **arguments):
                raise AssertionError


class Talk:
    """Both sides of a websocket, as bytes."""

    def __init__(self) -> None:
        self.client, self.server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
        self.asked = self.client.send(Request(host="venue", target="/ws"))
        self.server.receive_data(self.asked)
        list(self.server.events())
        self.answered = self.server.send(AcceptConnection())
        self.client.receive_data(self.answered)
        list(self.client.events())


@given(texts=TEXTS, cuts=st.lists(st.integers(1, 200), max_size=20), masked=st.booleans())
def test_frames_are_seen_through_their_masks(texts: list[bytes], cuts: list[int], masked: bool) -> None:
    """Every frame, once, with its text and its place, however the bytes come."""
    talk = Talk()
    side, head = (talk.client, talk.asked) if masked else (talk.server, talk.answered)
    frames = [side.send(BytesMessage(text)) for text in texts]
    stream = head + b"".join(frames)
    sight, seen, at = Sight(), [], 0
    for size in [*cuts, len(stream)]:
        part = stream[at : at + size]
        if part:
            look = sight.look(part)
            assert look.plain == max(min(len(head) - at, len(part)), 0)
            seen += [(max(at, at + each.start), at + each.end, each.text, at) for each in look.frames]
        at += len(part)
    place = len(head)
    assert len(seen) == len(texts)
    for frame, text, (start, end, found, read) in zip(frames, texts, seen, strict=True):
        assert (start, end, found) == (max(place, read), place + len(frame), text)
        place += len(frame)


@pytest.mark.parametrize(
    "stream", [b"\x16\x03\x01" * 50, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /", b"HTTP/1.1 200 OK\r\n\r\n{}"]
)
def test_what_is_no_websocket_is_plain(stream: bytes) -> None:
    """TLS, requests and answers: every byte is taken as it is."""
    sight = Sight()
    assert all(
        sight.look(stream[at : at + 5]).plain == len(stream[at : at + 5]) for at in range(0, len(stream), 5)
    )


def test_a_masked_order_is_stopped_as_a_whole_frame(medium) -> None:
    """The connection was opened before the point was set; not a byte of the frame passes."""

    async def scenario(line) -> None:
        talk = Talk()
        client, server = await line.pair()
        await client.send(talk.asked)
        await server.hear(len(talk.asked))
        await server.send(talk.answered)
        first, second = (talk.client.send(TextMessage(f"order {n}")) for n in (1, 2))
        async with line.proxy.breakpoint("up", text=b"order 2") as point:
            await client.send(first + second)
            await point.reached()
            assert await server.within(medium.moment) == talk.asked + first
        async with line.proxy.breakpoint("up", text=b"order 3", stand="behind") as point:
            third, fourth = (talk.client.send(TextMessage(f"order {n}")) for n in (3, 4))
            await client.send(third + fourth)
            await point.reached()
            assert await server.within(medium.moment) == talk.asked + first + second + third

    medium.run(scenario, frames=True)
