import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from feedtree.exchanges.gateio.channels import ORDER_BOOK_UPDATE
from feedtree.ops.bench import extras_part, rest
from feedtree.ops.bench.extras.task import Counter, Task
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.runs import Case, Run
from feedtree.ops.bench.traffic import make_traffic

UPGRADE = b"GET /ws/v4/ HTTP/1.1\r\nHost: here\r\nUpgrade: WebSocket\r\n\r\n"
LISTED = b"GET /api/v4/spot/currency_pairs HTTP/1.1\r\nHost: here\r\n\r\n"


def body(response: bytes) -> object:
    """What a whole response carries."""
    head, _, found = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert f"Content-Length: {len(found)}".encode() in head
    return json.loads(found)


def test_a_get_is_told_from_an_upgrade() -> None:
    """Both come to one port, as the clients' addresses have it."""
    assert not rest.asked(UPGRADE)
    assert rest.asked(LISTED)
    assert rest.resource(LISTED) == "/api/v4/spot/currency_pairs"


def test_what_clients_need_before_they_begin_is_there() -> None:
    """The pairs, a book of each, and an empty list of whatever else they ask for."""
    traffic = make_traffic(10, seed=1, book_channel=ORDER_BOOK_UPDATE)
    (first, *_) = pairs = body(rest.answer("/api/v4/spot/currency_pairs", traffic.snapshots))  # type: ignore[misc]
    assert len(pairs) == 10
    assert first["id"] == "BTC_USDT"
    book = body(rest.answer("/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=100", traffic.snapshots))
    assert isinstance(book, dict)
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])
    assert body(rest.answer("/api/v4/margin/currency_pairs", traffic.snapshots)) == []


def test_updates_follow_their_rest_book() -> None:
    """The first change of a pair begins one after its snapshot, and every frame has both sides."""
    traffic = make_traffic(300, seed=1, book_channel=ORDER_BOOK_UPDATE)
    pushes = [json.loads(frame[4:]) for frame in traffic.frames]
    changes = [push["result"] for push in pushes if push["channel"] == ORDER_BOOK_UPDATE]
    (first, *_) = (change for change in changes if change["s"] == "BTC_USDT")
    assert first["U"] == json.loads(traffic.snapshots["BTC_USDT"])["id"] + 1
    assert all({"b", "a"} <= change.keys() for change in changes)


def test_extras_are_compared_where_they_ran(made: Callable[..., Run]) -> None:
    """One that is missing or wrong has no figure."""
    wrong = made(Case("ccxt.pro"), 50.0, fault="no book")
    runs = [made(extras_part.OURS, 6.0), made(Case("cryptofeed"), 30.0), wrong]
    (figure,) = extras_part.figures_of(runs)
    assert figure.name == "tls whole pipeline: CPU / cryptofeed"
    assert figure.value == pytest.approx(0.2)
    assert figure.held


def test_without_their_environment_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And the table says how to get it."""
    monkeypatch.setattr(extras_part, "PYTHON", tmp_path / "python")
    found = extras_part.run_part(Cores(None, None), 1)
    assert found.figures == found.faults == []
    assert "make bench-extras" in found.tables[0].title


def test_an_extra_client_is_timed_between_its_first_and_its_last_message() -> None:
    """The tail behind the timed part shows that its books are right."""
    task = Task("wss://here", "https://here", "ca.pem", None, ("BTC/USDT",), timed=3, total=4)
    assert msgspec.json.decode(msgspec.json.encode(task), type=Task) == task
    counter = Counter(task)
    assert [counter.count() for _ in range(4)] == [False, False, False, True]
    sample = counter.sample({})
    assert (sample.messages, sample.received) == (2, 4)
