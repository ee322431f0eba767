"""A signed call goes out once, as it was signed, and tells whether the venue may have heard of it."""

import logging
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.rest import RestClient

BASE = "http://venue/api/v4"


async def test_a_call_is_sent_as_it_was_signed(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """Method, path, query, headers and body arrive unchanged."""
    client = RestClient(BASE, rest_server.network)
    query = "symbol=A%2CB%20c&z=1&a=2"
    async with rest_server.serving():
        got = await client.send("POST", "/orders", query=query, headers={"KEY": "k"}, body=b'{"a":1}')
        await client.aclose()
    asked = rest_server.requests[0]
    assert (asked.method, asked.target, asked.body) == ("POST", f"/api/v4/orders?{query}", b'{"a":1}')
    assert asked.headers["key"] == "k"
    assert (got.status, got.body, got.success) == (200, b"{}", True)
    assert (client.host, client.base_path) == ("venue", "/api/v4")


@pytest.mark.parametrize("status", [201, 400, 403, 429, 500])
async def test_every_answer_is_returned(
    status: int, rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """What a refusal means is the caller's to judge; header names have no case."""
    rest_server.answer = lambda target: answer(b'{"label":"X"}', status, {"Retry-After": "7"})
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving():
        got = await client.send("DELETE", "/orders")
        await client.aclose()
    assert (got.status, got.body, got.success) == (status, b'{"label":"X"}', status == 201)
    assert got.headers["retry-after"] == "7"


async def test_without_a_connection_nothing_was_sent(rest_server: Any, autojump_clock: Any) -> None:
    """The venue cannot have heard of a call that found no connection."""
    client = RestClient(BASE, rest_server.network)
    told: list[bool] = []
    with pytest.raises(RestFailed) as failed:
        await client.send("POST", "/orders", on_sent=lambda: told.append(True))
    assert failed.value.sent is False
    assert not told


async def test_a_late_answer_may_have_been_acted_on(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """The caller's own deadline counts where it is shorter than the client's."""
    rest_server.answer = lambda target: answer(delay=5.0)
    client = RestClient(BASE, rest_server.network)
    told: list[float] = []
    async with rest_server.serving():
        began = trio.current_time()
        with pytest.raises(RestFailed, match="no answer from venue within 2 s") as failed:
            await client.send(
                "POST", "/orders", timeout=2.0, on_sent=lambda: told.append(trio.current_time())
            )
        await client.aclose()
    assert failed.value.sent is True
    assert told == [pytest.approx(began, abs=0.1)]
    assert trio.current_time() - began == pytest.approx(2.0, abs=0.1)


async def test_a_connection_that_breaks_is_not_tried_again(
    rest_server: Any, answer: Any, autojump_clock: Any
) -> None:
    """One request on the wire, whatever becomes of it."""
    rest_server.answer = lambda target: answer(delay=1.0)
    client = RestClient(BASE, rest_server.network)
    async with rest_server.serving(), trio.open_nursery() as nursery:

        async def cut() -> None:
            await trio.sleep(0.5)
            for connection in rest_server.network.connections("venue", 80):
                connection.reset()

        nursery.start_soon(cut)
        with pytest.raises(RestFailed, match="ReadError") as failed:
            await client.send("POST", "/orders")
        await client.aclose()
    assert failed.value.sent is True
    assert len(rest_server.requests) == 1


async def test_a_body_over_the_cap_is_a_failure(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """As for public calls."""
    rest_server.answer = lambda target: answer(b"x" * 100)
    client = RestClient(BASE, rest_server.network, max_body=99)
    async with rest_server.serving():
        with pytest.raises(RestFailed, match="over 99 bytes"):
            await client.send("GET", "/accounts")
        await client.aclose()


async def test_no_url_is_logged(
    rest_server: Any, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A query may hold a listen key or a signature: httpx's client would log it."""
    client = RestClient(BASE, rest_server.network)
    with caplog.at_level(logging.DEBUG):
        async with rest_server.serving():
            await client.send("PUT", "/stream", query="listenKey=abc123")
            await client.aclose()
    assert "abc123" not in caplog.text
