"""What a server can answer to an upgrade, and what its client makes of it."""

from collections.abc import Callable
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import ConnectFailed, ConnectTimeout, UpgradeRefused, VenueThrottled
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.transport import Transport
from feedtree.supervisors.verdicts import Fatal, Retryable, Throttled

REFUSAL = b"HTTP/1.1 %d Refused\r\nContent-Length: %d\r\n%s\r\n%s"


async def failure(rig: Any, *answers: bytes, end: bool = False, **options: Any) -> Exception:
    """Open a wire to a server that answers the upgrade so; return the error, unwrapped."""

    async def serve(transport: Transport) -> None:
        await rig.peer(transport).ask()
        for part in answers:
            await transport.send_all(part)
        if end:
            await transport.aclose()
        await trio.sleep_forever()

    with trio.fail_after(20):
        async with rig.serving(serve) as target:
            with pytest.raises(Retryable) as caught:
                async with rig.opener(target(**options), rig.network):
                    pytest.fail("it opened")
            return caught.value


def refusal(status: int, body: bytes, headers: bytes = b"") -> bytes:
    return REFUSAL % (status, len(body), headers, body)


@pytest.mark.parametrize("status", [200, 301, 400, 404, 500, 503])
async def test_refused_upgrade_tells_status_and_body(rig: Any, status: int) -> None:
    """Any answer but 101 is an error that carries what the server said."""
    error = await failure(rig, refusal(status, "not here, n\u00e9".encode()))
    assert isinstance(error, UpgradeRefused)
    assert (error.status, error.body, error.phase) == (status, "not here, n\u00e9", "upgrade")


@pytest.mark.parametrize("status", [403, 418, 429])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"", None),
        (b"Retry-After: " + b"9" * 400 + b"\r\n", 3600.0),
        (b"Retry-After: 7\r\n", 7.0),
        (b"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", None),
    ],
)
async def test_throttled_upgrade(rig: Any, status: int, header: bytes, seconds: float | None) -> None:
    """403, 418 and 429 ask for a pause, as long as the server says."""
    error = await failure(rig, refusal(status, b"slow down", header))
    assert isinstance(error, VenueThrottled)
    assert isinstance(error, Throttled)
    assert (error.status, error.retry_after) == (status, seconds)
    assert "slow down" in str(error)


async def test_refusal_in_pieces(rig: Any) -> None:
    """Head and body may come byte by byte."""
    answer = refusal(404, b"gone")
    error = await failure(rig, *(answer[at : at + 1] for at in range(len(answer))))
    assert isinstance(error, UpgradeRefused)
    assert error.body == "gone"


async def test_refusal_whose_body_ends_with_the_connection(rig: Any) -> None:
    """A body without a length ends where the stream ends."""
    error = await failure(rig, b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"<html>", end=True)
    assert isinstance(error, UpgradeRefused)
    assert (error.status, error.body) == (502, "<html>")


async def test_refusal_whose_body_never_ends(rig: Any) -> None:
    """What came of the body within the deadline is told."""
    error = await failure(rig, b"HTTP/1.1 502 Bad\r\nContent-Length: 99\r\n\r\nhalf", upgrade_timeout=0.05)
    assert isinstance(error, UpgradeRefused)
    assert (error.status, error.body) == (502, "half")


async def test_long_body_is_cut(rig: Any) -> None:
    """A refusal's body is kept to 4 KiB, and not read further."""
    error = await failure(rig, b"HTTP/1.1 503 Bad\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 50_000)
    assert isinstance(error, UpgradeRefused)
    assert error.body == "x" * 4_096


async def test_broken_body_of_a_refusal(rig: Any) -> None:
    """The status counts, whatever follows it."""
    error = await failure(rig, b"HTTP/1.1 503 Bad\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n")
    assert isinstance(error, UpgradeRefused)
    assert error.status == 503


async def test_refusal_without_a_body(rig: Any) -> None:
    """An informational answer that is no upgrade is a refusal."""
    error = await failure(rig, b"HTTP/1.1 103 Early Hints\r\n\r\n")
    assert isinstance(error, UpgradeRefused)
    assert error.status == 103


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", id="no accept"),
        pytest.param(
            b"HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
            id="wrong accept",
        ),
        pytest.param(b"HTTP/1.1 101 Ok\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", id="another upgrade"),
        pytest.param(b"HTTP/1.1 101 Ok\r\nConnection: \xff\r\n\r\n", id="not ascii"),
        pytest.param(b"HTTP/1.1 101 Ok\r\nX: " + b"x" * 100_000, id="endless head"),
    ],
)
async def test_answer_that_is_no_websocket(rig: Any, answer: bytes) -> None:
    """A server of another kind is an error of the upgrade, which says what was wrong."""
    error = await failure(rig, answer)
    assert type(error) is ConnectFailed
    assert error.phase == "upgrade"


@pytest.mark.parametrize("answer", [(), (b"HTTP/1.1 101 Switching",)])
async def test_stream_that_ends_instead_of_an_answer(rig: Any, answer: tuple[bytes, ...]) -> None:
    """A connection that ends within the upgrade says so."""
    error = await failure(rig, *answer, end=True)
    assert type(error) is ConnectFailed
    assert error.phase == "upgrade"
    assert "ended without an answer" in str(error)


async def test_reset_instead_of_an_answer(rig: Any) -> None:
    """A reset within the upgrade is a failure to connect."""

    async def serve(transport: Transport) -> None:
        await rig.peer(transport).ask()
        transport.abort()

    with trio.fail_after(20):
        async with rig.serving(serve) as target:
            with pytest.raises(ConnectFailed, match="upgrade"):
                async with rig.opener(target(), rig.network):
                    pytest.fail("it opened")


async def test_mute_server(rig: Any) -> None:
    """A server that takes the request and says nothing costs the upgrade's deadline."""
    error = await failure(rig, upgrade_timeout=0.05)
    assert isinstance(error, ConnectTimeout)
    assert error.phase == "upgrade"


Opener = Callable[[Target, MemoryNetwork], Any]


async def test_whole_attempt_is_bounded(opener: Opener, autojump_clock: Any) -> None:
    """Default deadlines, in the venue's time: a mute server is given up after one second."""
    network = MemoryNetwork()
    await network.listen("venue.test", 80)
    start = trio.current_time()
    with pytest.raises(ConnectTimeout) as caught:
        async with opener(Target("ws://venue.test"), network):
            pytest.fail("it opened")
    assert caught.value.phase == "upgrade"
    assert trio.current_time() - start == pytest.approx(1.0)
    assert network.connections("venue.test", 80) == []


async def test_cancelled_upgrade_leaves_nothing_open(opener: Opener, autojump_clock: Any) -> None:
    """A cancel in the middle closes the transport."""
    network = MemoryNetwork()
    await network.listen("venue.test", 80)
    with trio.move_on_after(0.1):
        async with opener(Target("ws://venue.test"), network):
            pytest.fail("it opened")
    assert network.connections("venue.test", 80) == []


async def test_unreadable_ca_file_is_fatal(opener: Opener, tmp_path: Any) -> None:
    """No retry helps against a wrong file."""
    with pytest.raises(Fatal, match="ca_file") as caught:
        async with opener(Target("wss://venue.test", ca_file=str(tmp_path / "none.pem")), MemoryNetwork()):
            pytest.fail("it opened")
    assert caught.value.remedy
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(Fatal):
        async with opener(Target("wss://venue.test", ca_file=str(tmp_path / "empty.pem")), MemoryNetwork()):
            pytest.fail("it opened")
