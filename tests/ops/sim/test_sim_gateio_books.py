from typing import Any

import pytest

GATE = "gateio.spot"


def update_of(channel: str) -> Any:
    return lambda frame: frame.get("channel") == channel and frame.get("event") == "update"


def applied(book: dict[str, dict[str, str]], result: dict[str, Any]) -> None:
    for side, name in (("bids", "b"), ("asks", "a")):
        for price, size in result.get(name, []):
            if float(size):
                book[side][price] = size
            else:
                book[side].pop(price, None)


def ranked(book: dict[str, dict[str, str]], side: str) -> list[list[str]]:
    levels = sorted(book[side].items(), key=lambda level: float(level[0]), reverse=side == "bids")
    return [list(level) for level in levels]


@pytest.mark.parametrize(("levels", "period"), [("50", 0.02), ("400", 0.1)])
async def test_obu_snapshot_and_deltas_build_the_true_book(
    simulated: Any, gate: Any, autojump_clock: Any, levels: str, period: float
) -> None:
    """A whole book without U after the ack, then deltas with U == last u + 1, in obu's own key order."""
    async with simulated(orders=1_200, rate=4_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", f"ob.BTC_USDT.{levels}"))
        assert (await client.next())["result"] == {"status": "success"}
        first = await client.next()
        assert list(first) == ["channel", "result", "time_ms", "event"]
        result = first["result"]
        assert list(result) == ["t", "full", "s", "u", "b", "a"]
        assert result["s"] == f"ob.BTC_USDT.{levels}"
        book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        applied(book, result)
        last, pushes = result["u"], await client.collect(3)
        assert len(pushes) > 2 / period
        for push in pushes:
            result = push["result"]
            assert result["U"] == last + 1
            assert "full" not in result
            last = result["u"]
            applied(book, result)
            assert 0 < len(book["bids"]) <= int(levels)
        truth = await bench.truth(GATE, "BTC/USDT", last)
    for side in ("bids", "asks"):
        assert ranked(book, side) == truth[side][: int(levels)]


async def test_obu_tells_ids_also_where_the_window_did_not_change(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """A side without change is absent; both absent is a push of ids alone."""
    async with simulated(orders=1_200, rate=300) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await client.next(lambda frame: "result" in frame and frame["result"].get("full"))
        shapes = {tuple(frame["result"]) for frame in await client.collect(20)}
    assert {("t", "s", "U", "u"), ("t", "s", "U", "u", "b"), ("t", "s", "U", "u", "a")} <= shapes


@pytest.mark.parametrize("name", ["ob.NOPE_USDT.50", "ob.BTC_USDT.20", "nonsense"])
async def test_obu_never_validates(simulated: Any, gate: Any, autojump_clock: Any, name: str) -> None:
    """Unknown symbol or level: acked, then silence."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", name))
        assert (await client.next())["result"] == {"status": "success"}
        assert not await client.collect(5)


async def test_a_repeated_obu_subscribe_is_refused_and_others_are_not(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Duplicate obu: code 2 "Alert sub"; the same order_book_update: success twice, one stream."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        for _ in range(2):
            await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        for _ in range(2):
            await client.send(gate("spot.order_book_update", "ETH_USDT", "100ms"))
        frames = await client.collect(2)
        replies = [frame for frame in frames if frame["event"] == "subscribe"]
    assert [reply.get("error") for reply in replies] == [
        None,
        {"code": 2, "message": "Alert sub ob.BTC_USDT.50"},
        None,
        None,
    ]
    ids = [frame["result"]["U"] for frame in frames if update_of("spot.order_book_update")(frame)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("form", ["before_ack", "never", "silent"])
async def test_obu_in_other_orders(simulated: Any, gate: Any, autojump_clock: Any, form: str) -> None:
    """Switch: snapshot before its ack, deltas without snapshot, nothing at all."""
    async with simulated(switches={GATE: {"obu_snapshot": form}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        frames = await client.collect(3)
    shapes = [
        "ack" if "event" in f and f["event"] == "subscribe" else f["result"].get("full", False)
        for f in frames
    ]
    if form == "before_ack":
        assert shapes[:2] == [True, "ack"]
    else:
        assert shapes[0] == "ack"
        assert True not in shapes
        assert (len(shapes) == 1) == (form == "silent")


async def test_obu_fulls_in_mid_stream_keep_the_book(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """full:true may come at any time and replaces the book."""
    async with simulated(switches={GATE: {"obu_full_every": 4}}, rate=2_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await client.next()
        results = [frame["result"] for frame in await client.collect(2)]
        assert sum("full" in result for result in results) > 5
        last = results[-1]["u"]
        book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
        for result in results:
            if "full" in result:
                book = {"bids": {}, "asks": {}}
            applied(book, result)
        truth = await bench.truth(GATE, "BTC/USDT", last)
    assert ranked(book, "bids") == truth["bids"][:50]


@pytest.mark.parametrize(
    ("speed", "levels", "lag"), [("100ms", 100, 0.3), ("20ms", 20, 0.0), ("100ms", 100, 29)]
)
async def test_order_book_update_joins_a_rest_book(
    simulated: Any, gate: Any, autojump_clock: Any, speed: str, levels: int, lag: float
) -> None:
    """The recipe: buffer, fetch until the snapshot reaches the buffer, drop the old, apply the rest."""
    async with simulated(orders=800, rate=1_000, switches={GATE: {"snapshot_lag_s": lag}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book_update", "BTC_USDT", speed))
        assert (await client.next())["result"] == {"status": "success"}
        await client.collect(lag + 0.5)
        first = await client.next()
        pushes = [first["result"]]
        path = f"/api/v4/spot/order_book?currency_pair=BTC_USDT&limit={levels}&with_id=true"
        snapshot: dict[str, Any] = {"id": 0}
        while snapshot["id"] + 1 < pushes[0]["U"]:
            snapshot = (await bench.get(path)).json
            pushes += [frame["result"] for frame in await client.collect(0.2)]
        pushes += [frame["result"] for frame in await client.collect(2)]
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        last = snapshot["id"]
        for push in pushes:
            if push["u"] < last + 1:
                continue
            assert push["U"] <= last + 1
            last = push["u"]
            applied(book, push)
        truth = await bench.truth(GATE, "BTC/USDT", last)
    assert pushes[0]["l"] == str(levels)
    for side in ("bids", "asks"):
        assert ranked(book, side)[:levels] == truth[side][:levels]


async def test_order_book_update_looks_like_the_wire(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """T ms, e, E s, s, U, u, sides always there, plain delta first, unordered levels."""
    async with simulated(rate=4_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book_update", "BTC_USDT", "100ms"))
        await client.next()
        frames = await client.collect(2)
    results = [frame["result"] for frame in frames]
    for frame, result in zip(frames, results, strict=True):
        assert list(frame) == ["time", "time_ms", "channel", "event", "result"]
        assert list(result) == ["t", "e", "E", "s", "U", "u", "b", "a", "l"]
        assert result["e"] == "depthUpdate"
        assert 0 <= frame["time_ms"] - result["t"] < 200
    assert any(result["b"] != ranked({"bids": dict(result["b"])}, "bids") for result in results)


@pytest.mark.parametrize("form", ["whole", "full"])
async def test_first_order_book_update_of_other_years(
    simulated: Any, gate: Any, autojump_clock: Any, form: str
) -> None:
    """Switch: the first push holds the whole window, with or without full:true."""
    switches = {
        GATE: {"update_first": form, "update_order": "sorted", "update_level": False, "update_strays": True}
    }
    async with simulated(orders=500, rate=2_000, switches=switches) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book_update", "BTC_USDT", "100ms"))
        await client.next()
        first = (await client.next())["result"]
        later = (await client.next())["result"]
    assert len(first["b"]) == len(first["a"]) == 100
    assert first.get("full", False) is (form == "full")
    assert "l" not in first
    assert later["U"] == first["u"] + 1
    stray = later["b"].pop()
    assert stray[1] == "0"
    assert later["b"] == ranked({"bids": dict(later["b"])}, "bids")


async def test_order_book_pushes_at_once_and_then_on_change(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """One push on subscribing, then only when something changed; best first, with lastUpdateId."""
    async with simulated(rate=2_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.order_book", "BTC_USDT", "5", "100ms"))
        await client.next()
        first = (await client.next())["result"]
        later = await client.next(update_of("spot.order_book"))
        truth = await bench.truth(GATE, "BTC/USDT", later["result"]["lastUpdateId"])
        bench.sim.rate = 0
        await client.collect(0.5)
        assert not await client.collect(3)
    assert list(first) == ["t", "lastUpdateId", "s", "l", "bids", "asks"]
    assert later["result"]["bids"] == truth["bids"][:5]
    assert later["result"]["asks"] == truth["asks"][:5]


async def test_two_clients_get_the_same_frames(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """A frame is encoded once; who comes later joins the running stream with a book that fits."""
    async with simulated(rate=2_000) as bench:
        one, two = await bench.client(GATE), await bench.client(GATE)
        await one.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await one.collect(1.015)
        await two.send(gate("spot.obu", "ob.BTC_USDT.50"))
        frames = [await one.collect(1), await two.collect(0.0001)]
    whole = frames[1][1]["result"]
    assert whole["full"]
    later = [[frame["result"] for frame in some if "U" in frame["result"]] for some in frames]
    assert later[1][0]["U"] == whole["u"] + 1
    assert later[1] == later[0][-len(later[1]) :]
