"""The simulated exchanges of a test: how clients reach them, what is true of them, and wrong names."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.rest import RestClient
from feedtree.ops import ConfigError, Tree, open_tree, run_tree
from feedtree.ops.chaos.spelling import WrongFault
from feedtree.ops.chaos.testing import open_simulated_exchange
from feedtree.ops.chaos.testing.accounts import AlreadyOpen, HeldBalance
from feedtree.ops.chaos.testing.exchange import WrongTransport
from feedtree.ops.sim.switchboard import UnknownSwitch


async def test_every_url_leads_through_a_proxy_of_its_own_side(autojump_clock) -> None:
    """Any client that takes a URL meets the faults; what is asked on one side passes one proxy."""
    async with open_simulated_exchange() as exchange:
        for urls in exchange.urls.values():
            assert list(urls) == ["ws", "rest", "private_ws", "private_rest"]
            assert len(set(urls.values())) == 4
        client = RestClient(exchange.urls["gateio.spot"]["private_rest"], exchange.network)
        await client.get("/spot/time", {})
        await client.aclose()
        accepted = {place: proxy.totals().accepted for place, proxy in exchange.proxies.items()}
        assert accepted == {
            ("gateio.spot", "public"): 0,
            ("gateio.spot", "private"): 1,
            ("mexc.spot", "public"): 0,
            ("mexc.spot", "private"): 0,
        }


async def test_a_config_leads_every_stream_through_its_proxy(autojump_clock) -> None:
    """Market data by the one, accounts by the other."""
    async with open_simulated_exchange() as exchange:
        config = exchange.config(
            ["BTC/USDT", "ETH/USDT"], ["main"], channels=["trades"], topics_per_connection=1
        )
        async with open_tree(config, **exchange.tree_options) as tree:
            for websocket in tree.websockets.values():
                await websocket.wait_live(5)
            for account in tree.accounts.values():
                await account.wait_live(5)
            for (_, side), proxy in exchange.proxies.items():
                assert len(proxy.connections) >= (2 if side == "public" else 1)
        assert list(config.venues) == list(config.accounts) == ["gateio.spot", "mexc.spot"]
        assert config.venues["mexc.spot"].topics_per_connection == 1


async def test_a_tree_in_a_nursery_takes_the_same_options(autojump_clock) -> None:
    """`run_tree` as an app starts it, with the network and the clocks of the exchanges."""
    async with open_simulated_exchange() as exchange, trio.open_nursery() as nursery:
        config = exchange.config(venues=["gateio.spot"], channels=["trades"])
        tree: Tree = await nursery.start(partial(run_tree, config, **exchange.tree_options))
        await tree.websockets["gateio.spot"].wait_live(5)
        assert tree.host.wall_ns() == exchange.now_ns()
        nursery.cancel_scope.cancel()


async def test_the_market_and_its_numbers_are_those_of_the_seed(autojump_clock) -> None:
    """Equal seeds, equal books; the wall clock goes with the virtual one."""
    books = []
    for seed in (1, 1, 2):
        async with open_simulated_exchange(seed=seed) as exchange:
            await trio.sleep(1 - trio.current_time() % 1)
            book = exchange.book("gateio.spot", "BTC/USDT")
            assert book is not None
            books.append(book.bids)
            assert exchange.tree_options["wall_ns"]() == exchange.now_ns()
    assert books[0] == books[1] != books[2]


async def test_a_book_is_told_at_any_recent_id(autojump_clock) -> None:
    """None where it is not known."""
    async with open_simulated_exchange() as exchange:
        first = exchange.book("mexc.spot", "BTC/USDT")
        await trio.sleep(1)
        assert first is not None
        assert exchange.book("mexc.spot", "btc/usdt", first.id) == first
        assert exchange.book("mexc.spot", "BTC/USDT") != first
        assert exchange.book("mexc.spot", "BTC/USDT", 1) is None


async def test_accounts_are_opened_by_name_and_kept_apart(autojump_clock) -> None:
    """Plenty of everything, or what is asked for; each venue has its own."""
    async with open_simulated_exchange() as exchange:
        exchange.config(accounts={"poor": {"USDT": "12.5"}}, venues=["gateio.spot"])
        config = exchange.config(accounts=["main", "poor"], venues=["gateio.spot"])
        assert exchange.balances("gateio.spot", "poor") == {"USDT": HeldBalance(Decimal("12.5"), Decimal(0))}
        assert exchange.balances("gateio.spot")["BTC"].available == 1_000_000
        keys = {account.credentials.key for account in config.accounts["gateio.spot"].values()}
        assert len(keys) == 2
        given = exchange.credentials("gateio.spot", "poor")
        told = Credentials("simulated-poor-key", "simulated-poor-secret")
        assert (given.key, given.secret) == (told.key, told.secret)
        uids = [account.config.uid for account in exchange.accounts.side("gateio.spot").accounts.values()]
        assert len(set(uids)) == len(uids) == 3
        with pytest.raises(WrongFault, match=r'mexc.spot: account "poor" is unknown; allowed: demo'):
            exchange.balances("mexc.spot", "poor")
        with pytest.raises(AlreadyOpen, match="account 'poor' is open already"):
            exchange.config(accounts={"poor": {"USDT": "1"}})


async def test_balances_are_given_as_numbers_or_texts(autojump_clock) -> None:
    """Whole, decimal, or with a point; what is no amount, or of no asset, is named."""
    async with open_simulated_exchange() as exchange:
        exchange.config(accounts={"rich": {"USDT": 1000, "BTC": Decimal("0.5"), "ETH": 1e-7}})
        assert exchange.balances("mexc.spot", "rich") == {
            "USDT": HeldBalance(Decimal(1000), Decimal(0)),
            "BTC": HeldBalance(Decimal("0.5"), Decimal(0)),
            "ETH": HeldBalance(Decimal("0.0000001"), Decimal(0)),
        }
        given: Any
        for given, problem in (
            (
                {"USDT": "much"},
                """account 'poor': USDT = "much" is not allowed; allowed: a number, 0 or more""",
            ),
            ({"USDT": -1}, "account 'poor': USDT = -1 is not allowed"),
            ({"USDT": None}, "account 'poor': USDT = None is not allowed"),
            ({"USTD": 1}, 'asset "USTD" is unknown; allowed: BTC, DOGE, '),
            (1000, "account 'poor': balances = 1000 is not allowed; allowed: amounts by asset"),
        ):
            with pytest.raises(WrongFault, match=problem):
                exchange.config(accounts={"poor": given})


async def test_wrong_names_of_what_was_received_say_what_there_is(autojump_clock, bench) -> None:
    """An empty list for a mistyped name would prove nothing."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        await on.rest_an_order("gateio.spot")
        received = on.exchange.orders_received
        assert len(received(account="main", doing="place")) == 1
        assert received(account="main", venue="gateio.spot", doing="amend") == []
        for options, problem in (
            (
                {"account": "mian"},
                r'account "mian" is unknown \(did you mean "main"\?\); allowed: demo, main',
            ),
            ({"account": "main", "venue": "mexc.spot"}, 'account "main" is unknown; allowed: demo'),
            (
                {"doing": ["placed"]},
                r'doing "placed" is unknown \(did you mean "place"\?\); allowed: place, c',
            ),
            ({"doing": "plaice"}, 'doing "plaice" is unknown'),
        ):
            with pytest.raises(WrongFault, match=problem):
                received(**options)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"rate": "fast"}, 'rate = "fast" is not allowed; allowed: a number, 0 or more'),
        ({"rate": -1}, "rate = -1 is not allowed"),
        ({"seed": "x"}, 'seed = "x" is not allowed; allowed: a whole number'),
        ({"orders": -4}, "orders = -4 is not allowed; allowed: a whole number, 0 or more"),
        (
            {"symbols": "BTC/USDT"},
            r'symbols = "BTC/USDT" is not allowed; allowed: a list like \["BTC/USDT"\]',
        ),
    ],
)
async def test_what_exchanges_cannot_be_opened_with_is_named(
    autojump_clock, options: dict[str, Any], problem: str
) -> None:
    """Before anything runs: these are what a marker gives."""
    with pytest.raises(WrongFault, match=problem):
        await open_simulated_exchange(**options).__aenter__()


async def test_orders_are_filled_on_request_and_found_by_what_they_were(autojump_clock, bench) -> None:
    """In as many pieces as asked for; placed, cancelled, whose, where and when."""
    async with bench() as on:
        await on.tree.accounts["gateio.spot/main"].wait_live(5)
        await on.rest_an_order("gateio.spot")
        middle = on.exchange.now_ns()
        await trio.sleep(1)
        await on.rest_an_order("gateio.spot")
        assert on.exchange.fill("gateio.spot", "ETH/USDT") == 0
        with pytest.raises(WrongFault, match="pieces = 0 is not allowed; allowed: a whole number, 1 or more"):
            on.exchange.fill("gateio.spot", "BTC/USDT", pieces=0)
        assert on.exchange.fill("gateio.spot", "BTC/USDT", pieces=2) == 4
        await on.tree.accounts["gateio.spot/main"].orders.cancel_all(["BTC/USDT"])
        received = on.exchange.orders_received
        assert len(received()) == len(received(venue="gateio.spot", account="main")) == 2
        assert received(venue="mexc.spot") == received(account="demo") == []
        assert len(received((middle, middle + 2 * 10**9))) == 1
        assert [entry.doing for entry in received(doing=["cancel"])] == ["cancel"] * len(
            received(doing=["cancel"])
        )


async def test_switches_are_turned_and_told_where_they_stood(autojump_clock) -> None:
    """What there is not is answered with what there is."""
    async with open_simulated_exchange() as exchange:
        assert exchange.turn("gateio.spot", rest_delay_s=2.0, halted=True) == {
            "rest_delay_s": 0.0,
            "halted": False,
        }
        assert exchange.turn("gateio.spot", rest_delay_s=0.0) == {"rest_delay_s": 2.0}
        with pytest.raises(
            UnknownSwitch, match=r"unknown switch 'rest_delay' .*: there are snapshot_lag_s, "
        ):
            exchange.turn("gateio.spot", rest_delay=1)
        with pytest.raises(UnknownSwitch, match="halted = 'perhaps'"):
            exchange.turn("gateio.spot", halted="perhaps")


async def test_a_quiet_market_is_quiet(autojump_clock) -> None:
    """Nobody else trades at a rate of 0."""
    async with open_simulated_exchange() as exchange:
        exchange.rate(0)
        await trio.sleep(0.1)
        before = exchange.book("gateio.spot", "BTC/USDT")
        await trio.sleep(10)
        assert exchange.book("gateio.spot", "BTC/USDT") == before


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"venues": ["gate.spot"]},
            r'venue "gate.spot" is unknown \(did you mean "gateio.spot"\?\); allowed: gateio',
        ),
        ({"venues": "gateio.spot"}, r'venues = "gateio.spot" .*allowed: a list like \["gateio.spot"\]'),
        (
            {"accounts": "main"},
            r'accounts = "main" is not allowed; allowed: a list like \["main"\], or {"main": ',
        ),
        ({"symbols": "BTC/USDT"}, 'symbols = "BTC/USDT" is not allowed'),
        ({"symbols": ["BTC/EUR"]}, r'gateio.spot: symbol "BTC/EUR" is unknown.*allowed: BTC/USDT, ETH/USDT'),
    ],
)
async def test_a_wrong_name_in_a_config_is_answered_with_what_there_is(
    autojump_clock, options: dict[str, Any], problem: str
) -> None:
    """Before a tree tries for ever."""
    async with open_simulated_exchange() as exchange:
        with pytest.raises(WrongFault, match=problem):
            exchange.config(**options)
        with pytest.raises(ConfigError, match="allowed"):
            exchange.config(read="sometimes")
        with pytest.raises(WrongFault, match="venue"):
            exchange.fill("gate.spot", "BTC/USDT")
        with pytest.raises(WrongFault, match="symbol"):
            exchange.book("gateio.spot", "BTC/EUR")


async def test_other_symbols_can_be_listed(autojump_clock) -> None:
    """A symbol that no simulator knows gets a price of its own."""
    async with open_simulated_exchange(symbols=["ABC/USDT"]) as exchange:
        config = exchange.config(["ABC/USDT"], venues=["gateio.spot"])
        async with open_tree(config, **exchange.tree_options) as tree:
            await tree.websockets["gateio.spot"].wait_live(5)


async def _open(transport: Any) -> str:
    async with open_simulated_exchange(transport=transport) as exchange:
        return exchange.transport


async def test_memory_goes_with_the_virtual_clock(autojump_clock) -> None:
    """It is what the clock asks for, and sockets would not wait for it."""
    assert await _open(None) == await _open("memory") == "memory"
    with pytest.raises(WrongTransport, match="sockets do not wait for a virtual clock"):
        await _open("tcp")
    with pytest.raises(WrongFault, match=r'transport "udp" is unknown.*allowed: tcp, memory'):
        await _open("udp")


async def test_sockets_go_with_the_real_clock() -> None:
    """Memory under it would only be slow."""
    assert await _open(None) == await _open("tcp") == "tcp"
    with pytest.raises(WrongTransport, match=r'@pytest.mark.simulated_exchange\(transport="memory"\)'):
        await _open("memory")
