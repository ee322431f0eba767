"""Faults of time and of bytes do just what they say, under a virtual clock and over sockets."""

import pytest
import trio


def test_latency_makes_everything_late(medium) -> None:
    """Each direction by the delay, an end as well; a round trip by twice as much."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("latency", delay=0.15):
            began = trio.current_time()
            await client.send(b"ping")
            await server.hear(4)
            assert medium.took(began, 0.15)
            await server.send(b"pong")
            await client.hear(4)
            assert medium.took(began, 0.3)
            await client.transport.send_eof()
            await server.listen()
            assert medium.took(began, 0.45)

    medium.run(scenario)


def test_jitter_is_bounded_and_keeps_the_order(medium) -> None:
    """Between the delay and delay plus jitter, unless something before it is later; the seed decides."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("latency", delay=0.05, jitter=0.1, direction="up"):
            sent = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server.hear, 200)
                for number in range(20):
                    sent.append(trio.current_time())
                    await client.send(b"%010d" % number)
                    await trio.sleep(0.005)
        assert server.heard == b"".join(b"%010d" % number for number in range(20))
        for number, at in enumerate(sent):
            came = next(when for when, count in server.times if count >= 10 * (number + 1))
            assert 0.05 - 1e-6 <= came - at <= 0.15 + medium.slack
        delays = {round(when, 4) for when, _ in server.times}
        assert len(delays) > 3

    medium.run(scenario)


def test_bandwidth_is_never_exceeded_and_used(medium) -> None:
    """By any time no more than rate times seconds; all of it in size over rate; also behind a stall."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("bandwidth", rate=10_000, direction="down"):
            began = trio.current_time()
            await server.send(b"x" * 4_000)
            await client.hear(4_000)
            assert medium.took(began, 0.4)
            assert all(count <= 10_000 * (when - began) + 1 for when, count in client.times)
            async with line.proxy.fault("stall"):
                await server.send(b"x" * 2_000)
                await trio.sleep(0.2)
            began = trio.current_time()
            await client.hear(6_000)
            assert medium.took(began, 0.2)

    medium.run(scenario)


def test_slow_loris_feeds_the_first_bytes_one_by_one(medium) -> None:
    """New connections: byte after byte at the interval, then all at once."""

    async def scenario(line) -> None:
        old, other = await line.pair()
        async with line.proxy.fault("slow_loris", interval=0.05, first=4):
            client, server = await line.pair()
            began = trio.current_time()
            await server.send(b"0123456789")
            await client.hear(10)
            assert medium.took(began, 0.2)
            assert [count for _, count in client.times][:3] == [1, 2, 3]
            await other.send(b"0123456789")
            await old.hear(10)
            assert len(old.times) == 1
            async with line.proxy.fault("slow_loris", interval=100.0):
                client, server = await line.pair()
                await server.send(b"0123456789")
                await client.within(medium.moment)
                assert client.heard == b""
            await client.hear(10)

    medium.run(scenario)


@pytest.mark.parametrize(
    ("name", "parameters", "heard", "places"),
    [
        ("drop", {"after": 2, "length": 3}, b"beforeABFGHIJ", [8]),
        ("duplicate", {"after": 2, "length": 3}, b"beforeABCDECDEFGHIJ", [8]),
        ("truncate", {"after": 2}, b"beforeABFGHIJ", [8]),
        ("truncate", {"after": 7}, b"beforeABCDEFG", [13]),
        ("drop", {"after": 9, "length": 5}, b"beforeABCDEFGHI", [15]),
    ],
)
def test_bytes_are_left_out_or_doubled(
    medium, name: str, parameters: dict[str, int], heard: bytes, places: list[int]
) -> None:
    """At the place that was said, counted from the fault's begin; and noted."""

    async def scenario(line) -> None:
        client, server = await line.pair()
        await server.send(b"before")
        await client.hear(6)
        async with line.proxy.fault(name, **parameters) as fault:
            for part in (b"ABCDE", b"FGHIJ"):
                await server.send(part)
                await client.within(medium.moment)
            assert client.heard == heard
            assert [point.offset for point in fault.points] == places

    medium.run(scenario)


def test_corruption_is_seeded(medium) -> None:
    """Changed are just the noted bytes; the same seed changes them in the same way, another one does not."""
    heard: list[bytes] = []

    async def scenario(line) -> None:
        client, server = await line.pair()
        async with line.proxy.fault("corrupt", every=100) as fault:
            for _ in range(40):
                await server.send(bytes(100))
            await client.hear(4_000)
        heard.append(client.heard)
        changed = [place for place, byte in enumerate(client.heard) if byte]
        assert changed == [point.offset for point in fault.points]
        assert len(changed) > 15

    for seed in (1, 1, 2):
        medium.run(scenario, seed=seed)
    assert heard[0] == heard[1] != heard[2]
