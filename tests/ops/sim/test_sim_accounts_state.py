"""Accounts that outlive the simulator, and files that tell which accounts there are."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.accounts.files import BadAccounts, read_accounts
from feedtree.ops.sim.accounts.state import BadState

GATEIO, MEXC = "gateio.spot", "mexc.spot"
TEXT = """
["gateio.spot".main]
key = "k-1"
secret = "s-1"
balances = { USDT = "10000", BTC = "0.5" }
permissions = ["read"]
ips = ["127.0.0.1"]
uid = 77

["mexc.spot".main]
key = "k-1"
secret = "s-2"
"""


def bid(bench: Any, venue: str) -> str:
    market = bench.market(venue)
    return str(market.price_text(market.book.best_bid))


@contextmanager
def simulators(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run ``feedtree sim`` and give its process and addresses."""
    command = [sys.executable, "-m", "feedtree.ops", "sim", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


async def control(bench: Any, path: str) -> Any:
    return (await bench.get(f"/_sim/{path}")).json


async def test_a_later_start_has_balances_orders_fills_entries_and_listen_keys(
    simulated: Any, autojump_clock: Any, tmp_path: Path
) -> None:
    state = tmp_path / "state.jsonl"
    async with simulated(rate=0.0, state=state) as bench:
        gate, mexc = bench.gate(), bench.mexc()
        await gate.place(amount="0.5", price=bid(bench, GATEIO), text="t-rests")
        await gate.place(type="market", amount="500", time_in_force="ioc", text="t-done")
        refused = await gate.place(amount="0.5", price="x", text="t-bad")
        assert refused.status == 400
        await mexc.place(quantity="0.25", price=bid(bench, MEXC), newClientOrderId="rests")
        key = (await mexc.rest("POST", "/userDataStream")).json["listenKey"]
        await trio.sleep(0.1)
        before = {name: await control(bench, name) for name in ("accounts", "orders", "fills", "entries")}
        newest = max(int(row["order_id"]) for row in before["orders"][GATEIO]["demo"])
    async with simulated(rate=0.0, state=state) as bench:
        gate, mexc = bench.gate(), bench.mexc()
        for name, told in before.items():
            assert await control(bench, name) == told
        outcomes = [entry["outcome"] for entry in before["entries"][GATEIO]]
        assert outcomes == ["accepted", "accepted", "INVALID_PARAM_VALUE"]
        assert (await mexc.rest("GET", "/userDataStream")).json == {"listenKey": [key]}
        later = (await gate.place(amount="0.1", price=bid(bench, GATEIO), text="t-later")).json
        assert int(later["id"]) > newest
        bench.sim.venues[GATEIO].private.engine.eat("", 1)
        ended = (await gate.rest("GET", "/spot/orders/t-rests", "currency_pair=BTC_USDT")).json
        assert ended["status"] == "closed"
        fills = (await control(bench, f"fills?venue={GATEIO}&client_id=t-rests"))[GATEIO]["demo"]
        assert [fill["role"] for fill in fills] == ["maker"]


async def test_restored_order_is_not_met_by_fresh_quotes(
    simulated: Any, autojump_clock: Any, tmp_path: Path
) -> None:
    """Whatever the fresh book quotes, an order that was resting rests on; nobody is a taker by a restart."""
    state = tmp_path / "state.jsonl"
    async with simulated(rate=0.0, state=state) as bench:
        engine = bench.sim.venues[GATEIO].private.engine
        market = bench.market(GATEIO)
        market.book.clear(2**60, 0)  # no asks at all: a bid far above the price can rest
        await bench.gate().place(amount="0.5", price="97000", text="t-high")
        assert engine is not None
    async with simulated(rate=0.0, state=state) as bench:
        market = bench.market(GATEIO)
        assert market.price_text(market.book.best_bid) == "97000"
        assert market.book.best_ask > market.book.best_bid
        assert not bench.account(GATEIO).now.fills


async def test_line_without_its_end_is_left_out(simulated: Any, autojump_clock: Any, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    async with simulated(rate=0.0, state=state) as bench:
        await bench.gate().place(amount="0.5", price=bid(bench, GATEIO))
    with state.open("ab") as file:
        file.write(b'{"venue":"gateio.spot","acc')
    async with simulated(rate=0.0, state=state) as bench:
        assert len(bench.account(GATEIO).now.open) == 1


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"not json\n", "line 1"),
        (b'{"venue":"gateio.spot","account":"other","items":[{"type":"balance","currency":"X",'
         b'"available_change":0,"locked_change":0,"available":1,"locked":0,"reason":"open","at_ns":0}]}\n',
         "no account 'other'"),
    ],
)  # fmt: skip
async def test_file_that_cannot_be_used_is_named(
    simulated: Any, autojump_clock: Any, tmp_path: Path, content: bytes, named: str
) -> None:
    state = tmp_path / "state.jsonl"
    state.write_bytes(content)
    with pytest.raises(BadState, match=named) as caught:
        async with simulated(rate=0.0, state=state):
            pass
    assert str(state) in str(caught.value)


async def test_order_of_a_symbol_that_is_not_listed_any_more_is_named(
    simulated: Any, autojump_clock: Any, tmp_path: Path
) -> None:
    state = tmp_path / "state.jsonl"
    async with simulated(rate=0.0, state=state) as bench:
        await bench.gate().place(amount="5", price="3000", currency_pair="ETH_USDT")
    with pytest.raises(BadState, match="does not list ETH_USDT"):
        async with simulated(rate=0.0, state=state, symbols=(bench.market(GATEIO).symbol,)):
            pass


def test_accounts_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(TEXT)
    gate, mexc = read_accounts(path)
    assert gate == AccountConfig(
        GATEIO, "main", "k-1", "s-1", {"USDT": "10000", "BTC": "0.5"}, ("read",), ("127.0.0.1",), 77
    )
    assert (mexc.venue, mexc.permissions) == (MEXC, ("read", "trade"))
    assert "s-1" not in repr(gate)
    assert "k-1" not in repr(gate)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "names no account"),
        ("x = [", "is no TOML"),
        ('["binance".main]\nkey = "a"', "binance: is no venue"),
        ('"gateio.spot" = 5', "is no table"),
        ('["gateio.spot".main]\nkey = "a"', "missing required field `secret`"),
        ('["gateio.spot".main]\nkey = ""\nsecret = "s"', "main.key: is empty"),
        ('["gateio.spot".main]\nkey = "a"\nsecret = "s"\nsecrte = "x"', "secrte"),
        ('["gateio.spot".main]\nkey = "a"\nsecret = "s"\nbalances = { USDT = 5.5 }', "balances"),
        ('["gateio.spot".main]\nkey = "a"\nsecret = "s"\nbalances = { USDT = "-5" }', "balances.USDT"),
        ('["gateio.spot".main]\nkey = "a"\nsecret = "s"\nbalances = { USDT = "0.' + "1" * 19 + '" }', "USDT"),
        ('["gateio.spot".main]\nkey = "a"\nsecret = "s"\npermissions = ["fly"]', "permissions"),
        (
            '["gateio.spot".one]\nkey = "a"\nsecret = "s"\n["gateio.spot".two]\nkey = "a"\nsecret = "t"',
            "gateio.spot.two.key",
        ),
    ],
)
def test_wrong_accounts_are_named_with_their_place(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    with pytest.raises(BadAccounts) as caught:
        read_accounts(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)


def test_accounts_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadAccounts, match="cannot be read"):
        read_accounts(tmp_path / "no.toml")


def test_a_killed_process_forgets_nothing_that_it_answered(tmp_path: Path) -> None:
    """Kill -9 between two orders: the next start has the first one, its lock and its entry."""
    accounts, state = tmp_path / "accounts.toml", tmp_path / "state.jsonl"
    accounts.write_text('["mexc.spot".main]\nkey = "k"\nsecret = "s"\nbalances = { USDT = "1000000" }\n')
    options = ("--symbols", "BTC/USDT", "--rate", "0", "--accounts", str(accounts), "--state", str(state))

    with simulators(*options) as (process, urls):
        _mexc_order(urls[MEXC]["rest"])
        os.kill(process.pid, signal.SIGKILL)
    with simulators(*options) as (_, urls):
        with urllib.request.urlopen(f"{urls['control']}/accounts?venue={MEXC}", timeout=10) as answer:
            found = json.load(answer)[MEXC]["main"]
        with urllib.request.urlopen(f"{urls['control']}/entries?client_id=only", timeout=10) as answer:
            entries = json.load(answer)[MEXC]
    (order,) = found["open_orders"]
    assert order["client_order_id"] == "only"
    assert Decimal(found["balances"]["USDT"]["locked"]) == 9_500
    assert [entry["doing"] for entry in entries] == ["place"]


def _mexc_order(base: str) -> None:
    stamp = int(time.time() * 1_000)
    query = (
        f"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.1&price=95000&newClientOrderId=only&timestamp={stamp}"
    )
    sign = hmac.new(b"s", query.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(
        f"{base}/api/v3/order?{query}&signature={sign}", method="POST", headers={"X-MEXC-APIKEY": "k"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
