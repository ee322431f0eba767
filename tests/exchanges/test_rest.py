"""A REST call ends with a body or a typed error, in time."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.pauses import retry_after
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.wire.memory import Fault

BASE = "http://venue/api/v4"
NOW = 1_700_000_000.0


async def test_a_call_returns_the_body(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """The path follows the base URL, parameters are escaped, and connections are kept."""
    rest_server.answer = lambda target: answer(b"[1]")
    client = RestClient(BASE + "/", rest_server.network)
    async with rest_server.serving():
        assert await client.get("/spot/time", {}) == b"[1]"
        assert await client.get("/spot/order_book", {"currency_pair": "A&B", "limit": "5"}) == b"[1]"
        await client.aclose()
        assert rest_server.targets == [
            "/api/v4/spot/time",
            "/api/v4/spot/order_book?currency_pair=A%26B&limit=5",
        ]
        assert rest_server.connections == 1


async def test_a_closed_client_opens_new_connections(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """Closing is no end: the next call connects again; closing twice is fine."""
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving():
        await client.get("/a", {})
        await client.aclose()
        await client.get("/a", {})
        await client.aclose()
        await client.aclose()
        assert rest_server.connections == 2


async def test_a_connection_in_doubt_is_not_used_again(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """When a stream of the venue was lost, what was kept may be dead, too; calls under way go on; the next are kept."""
    rest_server.answer = lambda target: answer(delay=5.0 if target.endswith("/slow") else 0.0)
    client = RestClient(BASE, rest_server.network)
    client.doubt()
    async with rest_server.serving(), trio.open_nursery() as nursery:
        await client.get("/a", {})
        nursery.start_soon(client.get, "/slow", {})
        await trio.sleep(1)
        await client.get("/a", {})
        assert rest_server.connections == 2
        client.doubt()
        for _ in range(3):
            await trio.sleep(1)
            await client.get("/a", {})
        assert rest_server.connections == 3
        await trio.sleep(5)
        await client.get("/a", {})
        assert rest_server.connections == 3
        open_ones = [c for c in rest_server.network.connections("venue", 80) if not c.over]
        assert len(open_ones) <= 2, "what was in doubt has been closed"
        await client.aclose()


async def test_connections_are_closed_some_seconds_after_the_last_call(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """Nobody has to call again for that: those that the venue has ended would stay half open for as long."""
    rest_server.answer = lambda target: answer(delay=7.0 if target.endswith("/slow") else 0.0)
    client = RestClient(BASE, rest_server.network)

    def open_ones() -> int:
        return sum(not each.over for each in rest_server.network.connections("venue", 80))

    async with rest_server.serving(), trio.open_nursery() as nursery:
        nursery.start_soon(client.tidy)
        nursery.start_soon(client.get, "/slow", {})
        await client.get("/a", {})
        await client.send("GET", "/a")
        await trio.sleep(5.5)
        assert open_ones() == 3
        await trio.sleep(1)
        assert open_ones() == 1, "a call is under way on it"
        await trio.sleep(5)
        assert open_ones() == 1, "it is kept for the next"
        await trio.sleep(7)
        assert open_ones() == 0
        assert not any(transport._pool.connections for transport in client._opened), "nor is one remembered"
        await client.get("/a", {})
        assert open_ones() == 1
        nursery.cancel_scope.cancel()
        await client.aclose()


async def test_a_refusal_carries_status_code_and_text(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """The venue's own code is read by the venue's own reader; without one the body is shown."""
    rest_server.answer = lambda target: answer(b'{"label":"X"}', 400)
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving():
        with pytest.raises(RestFailed, match="HTTP 400 X no such pair") as explained:
            await client.get("/a", {}, explain=lambda body: ("X", "no such pair"))
        with pytest.raises(RestFailed, match=r'HTTP 400 \{"label":"X"\}') as plain:
            await client.get("/a", {})
        await client.aclose()
    assert (explained.value.status, explained.value.code) == (400, "X")
    assert (plain.value.status, plain.value.code) == (400, "")


@pytest.mark.parametrize("status", [301, 304, 404, 500, 503])
async def test_any_answer_but_success_is_a_failure(
    status: int, rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """Redirects are not followed."""
    rest_server.answer = lambda target: answer(b"", status)
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving():
        with pytest.raises(RestFailed) as failed:
            await client.get("/a", {})
        await client.aclose()
    assert failed.value.status == status


@pytest.mark.parametrize("status", [403, 418, 429])
async def test_throttling_says_how_long_to_wait(
    status: int, rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """403, 418 and 429 ask for a pause, stated or not."""
    rest_server.answer = lambda target: answer(
        b"slow down", status, {"Retry-After": "7"} if target.endswith("stated") else {}
    )
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving():
        with pytest.raises(VenueThrottled) as stated:
            await client.get("/stated", {})
        with pytest.raises(VenueThrottled) as unstated:
            await client.get("/a", {})
        await client.aclose()
    assert (stated.value.status, stated.value.retry_after) == (status, 7.0)
    assert unstated.value.retry_after is None


async def test_a_slow_answer_fails_in_time(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """The deadline is the call's, whatever the server does."""
    rest_server.answer = lambda target: answer(delay=60.0)
    client = RestClient(BASE, rest_server.network, timeout=3.0)
    async with rest_server.serving():
        began = trio.current_time()
        with pytest.raises(RestFailed, match="venue"):
            await client.get("/a", {})
        assert trio.current_time() - began == pytest.approx(3.0)
        await client.aclose()


async def test_an_oversize_body_fails(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """An answer over the cap is not read to its end."""
    rest_server.answer = lambda target: answer(b"x" * 100_000)
    client = RestClient(BASE, rest_server.network, max_body=50_000)
    async with rest_server.serving():
        with pytest.raises(RestFailed, match="over 50000 bytes"):
            await client.get("/a", {})
        await client.aclose()


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG, Fault.NO_NAME])
async def test_no_connection_is_a_failed_call(fault: Fault, rest_server: Any, autojump_clock: Any) -> None:
    """A server that is gone costs a call, never its caller."""
    rest_server.network.fault("venue", 80, fault)
    client = RestClient(BASE, rest_server.network)
    with pytest.raises(RestFailed) as failed:
        await client.get("/a", {})
    assert failed.value.status == 0
    await client.aclose()


async def test_a_connection_lost_in_mid_call_is_a_failed_call(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """A reset while the answer is awaited; the next call connects anew."""
    rest_server.answer = lambda target: answer(delay=1.0)
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving(), trio.open_nursery() as nursery:

        async def reset() -> None:
            await trio.sleep(0.5)
            (connection,) = rest_server.network.connections("venue", 80)
            connection.reset()

        nursery.start_soon(reset)
        with pytest.raises(RestFailed):
            await client.get("/a", {})
        assert await client.get("/a", {}) == b"{}"
        await client.aclose()


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": "86400"}, 3600.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"X-Gate-RateLimit-Reset-Timestamp": "1700000010"}, 10.0),
        ({"X-Gate-RateLimit-Reset-Timestamp": "1700000010500"}, 10.5),
        ({"X-Gate-RateLimit-Reset-Timestamp": "1600000000"}, 0.0),
        ({"Retry-After": "5", "X-Gate-RateLimit-Reset-Timestamp": "1700000010"}, 5.0),
        ({"Retry-After": "9" * 400}, 3600.0),
        ({"Retry-After": "²"}, None),
    ],
)
def test_pauses_are_read_in_every_form(headers: dict[str, str], pause: float | None) -> None:
    """Seconds, a date, or Gate.io's reset time; never negative, never over an hour."""
    assert retry_after(headers, NOW) == pause
