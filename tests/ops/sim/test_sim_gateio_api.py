"""Gate.io's WebSocket API: login, ack and result, single replies, errors, limits and expiry."""

from typing import Any

import pytest
import trio

GATEIO = "gateio.spot"


def bid(bench: Any, places: int = 0) -> str:
    market = bench.market(GATEIO)
    return str(market.price_text(market.book.best_bid - places))


def order(bench: Any, **fields: Any) -> dict[str, Any]:
    base = {"currency_pair": "BTC_USDT", "side": "buy", "type": "limit", "amount": "0.5", "price": bid(bench)}
    return {**base, "text": "t-x", **fields}


async def logged_in(bench: Any) -> Any:
    client = await bench.client(GATEIO)
    await client.send(bench.gate().login())
    reply = await client.next()
    assert reply["header"]["status"] == "200"
    assert set(reply["data"]["result"]) == {"api_key", "uid"}
    return client


async def test_login_with_a_wrong_key_is_401(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(GATEIO)
        await client.send(bench.gate(key="nobody").login("n"))
        reply = await client.next()
        assert (reply["request_id"], reply["header"]["status"]) == ("n", "401")
        assert reply["data"]["errs"] == {"label": "INVALID_KEY", "message": "Invalid key provided"}


async def test_calls_without_login_are_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(GATEIO)
        await client.send(bench.gate().call("spot.order_place", order(bench)))
        assert (await client.next())["header"]["status"] == "401"
        assert not bench.account(GATEIO).now.orders


async def test_place_is_acknowledged_then_answered(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench), "7"))
        ack, result = await client.next(), await client.next()
        assert (ack["request_id"], ack["ack"], ack["header"]["status"]) == ("7", True, "200")
        assert ack["data"]["result"]["req_param"]["text"] == "t-x"
        assert (ack["data"]["result"]["api_key"], ack["data"]["result"]["signature"]) == ("", "")
        assert "ack" not in result
        assert "channel" not in result
        assert (result["request_id"], result["data"]["result"]["status"]) == ("7", "open")
        assert "fee" not in result["data"]["result"]
        header = result["header"]
        assert (header["channel"], header["event"]) == ("spot.order_place", "api")
        assert header["x_gate_ratelimit_limit"] == "10"
        assert header["x_gate_ratelimit_requests_remain"] == "9"
        assert "x_gat_ratelimit_reset_timestamp" in header


async def test_ack_says_200_even_where_the_order_is_then_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench, amount="0.00002")))
        ack, result = await client.next(), await client.next()
        assert ack["header"]["status"] == "200"
        assert (result["header"]["status"], result["data"]["errs"]["label"]) == ("400", "INVALID_PARAM_VALUE")
        assert result["data"]["errs"]["message"].startswith(
            "label: INVALID_PARAM_VALUE, message: Your order size"
        )


async def test_amend_status_list_and_cancel_get_one_reply_each(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client, account = await logged_in(bench), bench.gate()
        await client.send(account.call("spot.order_place", order(bench)))
        await client.next()
        number = (await client.next())["data"]["result"]["id"]
        named = {"order_id": number, "currency_pair": "BTC_USDT"}
        for channel, param, check in (
            ("spot.order_amend", {**named, "amount": "0.25"}, lambda found: found["left"] == "0.25"),
            ("spot.order_status", named, lambda found: found["amount"] == "0.25"),
            (
                "spot.order_list",
                {"currency_pair": "BTC_USDT", "status": "open"},
                lambda found: found[0]["id"] == number,
            ),
            ("spot.order_cancel", named, lambda found: found["status"] == "cancelled"),
            ("spot.order_cancel_cp", {"currency_pair": "BTC_USDT"}, lambda found: found == []),
            ("spot.order_cancel_ids", [{**named, "id": number}], lambda found: "label" in found[0]),
        ):
            await client.send(account.call(channel, param, channel))
            (reply,) = await client.collect(0.1)
            assert (reply["request_id"], reply["header"]["status"]) == (channel, "200")
            assert check(reply["data"]["result"]), reply


async def test_unknown_order_is_404_with_its_label_in_the_text(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        param = {"order_id": "5", "currency_pair": "BTC_USDT"}
        await client.send(bench.gate().call("spot.order_status", param))
        reply = await client.next()
        assert reply["header"]["status"] == "404"
        assert reply["data"]["errs"]["message"] == "label: ORDER_NOT_FOUND, message: Order not found"


async def test_eleventh_order_of_a_pair_in_a_second_is_429(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client, account = await logged_in(bench), bench.gate()
        await trio.sleep(1.0 - bench.sim.clock.now_ns() % 10**9 / 1e9)
        for number in range(11):
            await client.send(account.call("spot.order_place", order(bench, text=f"t-{number}")))
        replies = await client.collect(0.1)
        assert len(replies) == 21
        assert replies[-1]["header"]["status"] == "429"
        assert replies[-1]["data"]["errs"]["label"] == "TOO_MANY_REQUESTS"
        assert replies[-1]["header"]["x_gate_ratelimit_requests_remain"] == "0"
        await client.send(
            account.call("spot.order_place", order(bench, currency_pair="ETH_USDT", price="3000"))
        )
        assert len(await client.collect(0.1)) == 2
        await trio.sleep(1)
        await client.send(account.call("spot.order_place", order(bench, text="t-later")))
        assert len(await client.collect(0.1)) == 2


async def test_batch_tells_of_each_order(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        param = [order(bench, text="t-good"), order(bench, text="t-bad", amount="9" * 9)]
        await client.send(bench.gate().call("spot.order_place", param))
        _, result = await client.collect(0.1)
        good, bad = result["data"]["result"]
        assert (good["succeeded"], good["text"]) == (True, "t-good")
        assert (bad["text"], bad["label"]) == ("t-bad", "AMOUNT_TOO_MUCH")


async def test_action_mode_ack_gives_key_fields_alone(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench, action_mode="ACK")))
        _, result = await client.collect(0.1)
        assert "status" not in result["data"]["result"]
        assert result["data"]["result"]["text"] == "t-x"


@pytest.mark.parametrize(("late_ms", "placed"), [(5_000, 1), (-1, 0)])
async def test_order_after_its_expiry_is_not_taken(
    simulated: Any, autojump_clock: Any, late_ms: int, placed: int
) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        expiry = str(bench.sim.clock.now_ns() // 10**6 + late_ms)
        header = {"x-gate-exptime": expiry}
        await client.send(bench.gate().call("spot.order_place", order(bench), "1", **header))
        await client.collect(0.1)
        assert len(bench.account(GATEIO).now.orders) == placed


async def test_signed_call_needs_no_login_and_a_wrong_signature_is_refused(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        client, account = await bench.client(GATEIO), bench.gate()
        for secret, status in ((account.secret, "200"), ("guess", "401")):
            frame = account.signed_call(
                "spot.order_status", {"order_id": "5", "currency_pair": "BTC_USDT"}, secret
            )
            await client.send(frame)
            reply = await client.next()
            assert reply["header"]["status"] == ("404" if status == "200" else status)


@pytest.mark.parametrize(
    ("channel", "param", "label"),
    [
        ("spot.nothing", {}, "INVALID_ARGUMENT"),
        ("spot.order_place", None, "INVALID_ARGUMENT"),
        ("spot.order_cancel_cp", {}, "MISSING_REQUIRED_PARAM"),
        ("spot.order_list", {"status": "some"}, "INVALID_PARAM_VALUE"),
    ],
)
async def test_calls_that_cannot_be_are_refused(
    simulated: Any, autojump_clock: Any, channel: str, param: Any, label: str
) -> None:
    async with simulated(rate=0.0) as bench:
        client = await logged_in(bench)
        await client.send(bench.gate().call(channel, param))
        frames = await client.collect(0.1)
        assert frames[-1]["data"]["errs"]["label"] == label


async def test_request_whose_payload_is_none_is_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(GATEIO)
        await client.send({"channel": "spot.order_place", "event": "api", "payload": 5})
        assert (await client.next())["header"]["status"] == "400"


async def test_expiry_is_checked_at_the_door_where_the_switch_says_so(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"expiry_checked": "door"}}) as bench:
        client = await logged_in(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench), "1", **{"x-gate-exptime": "1"}))
        (reply,) = await client.collect(0.1)
        assert reply["data"]["errs"]["label"] == "REQUEST_EXPIRED"
