from collections.abc import Iterator

import pytest

from feedtree.ops.bench.client import CLIENTS, PACED
from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.processes import WARM, Bench, judge, open_bench
from feedtree.ops.bench.runs import Case
from feedtree.ops.bench.traffic import Flow, Traffic, make_traffic
from feedtree.ops.bench.truth import Books, Ladder, differences

MESSAGES = 2_000


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return make_traffic(MESSAGES, seed=7)


@pytest.fixture(scope="module")
def bench(traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with open_bench(tmp_path_factory.mktemp("bench"), {"small": traffic}, Cores(None, None)) as running:
        yield running


def corrupted(books: Books) -> Books:
    """One size of one level is another."""
    symbol, ladder = next(iter(books.items()))
    price, size = ladder.bids[3]
    bids = [*ladder.bids[:3], (price, size + 1.0), *ladder.bids[4:]]
    return {**books, symbol: Ladder(ladder.sequence, bids, ladder.asks)}


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_run_counts_when_every_message_came_and_every_book_is_right(
    bench: Bench, client: str, transport: str
) -> None:
    """Every client's final books are compared with the server's truth."""
    run = bench.run(Case(client, transport), "small")
    assert run.faults == []
    assert run.sample is not None
    assert run.sample.cpu_s > 0


def test_a_paced_run_brings_latencies(bench: Bench) -> None:
    """The server's log of sending and the client's of receiving become one run's figures."""
    run = bench.paced(Case("wait mailbox", per_s=1_000), 0.3)
    assert run.faults == []
    assert run.sent == int(1_000 * WARM) + 300
    assert run.latency is not None
    assert run.latency.messages == 300
    assert 0 < run.latency.p50 <= run.latency.p99 <= run.latency.most


@pytest.mark.slow
@pytest.mark.parametrize("client", PACED)
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_every_way_of_reading_and_of_delivery_gets_every_message(
    bench: Bench, client: str, transport: str
) -> None:
    """With right books in the end, and none lost."""
    assert bench.paced(Case(client, transport, per_s=1_000), 0.3).faults == []


def test_streams_say_how_soon_they_are_ready(bench: Bench) -> None:
    """Connection, subscription, all symbols, look-ups."""
    ready = bench.ready("small")
    assert ready.connections == 1
    assert min(ready.connection_ms, ready.subscription_ms, ready.all_live_ms, ready.look_up_us) > 0


def test_a_profiled_run_names_functions(bench: Bench) -> None:
    """They show where the time goes when a target is missed."""
    run = bench.run(Case("feedtree messages", "tcp"), "small", profile=True)
    assert run.sample is not None
    assert any(spent.function.startswith("spot_public.") for spent in run.sample.profile)


def test_a_client_that_fails_is_a_run_that_does_not_count(bench: Bench) -> None:
    """Its reason is kept, and the benchmark goes on."""
    run = bench.run(Case("nobody"), "small")
    assert run.faults == ["it failed: KeyError: 'nobody'"]
    assert not run.counts


def test_a_run_against_another_truth_does_not_count(bench: Bench, traffic: Traffic) -> None:
    """A run with a wrong book, or with a message too few, does not count."""
    run = bench.run(Case("feedtree whole", "tcp"), "small")
    assert run.sample is not None
    assert judge(run.sample, run.sent, traffic.final) == []
    assert judge(run.sample, run.sent + 1, traffic.final) == ["2200 of 2201 messages came"]
    (fault,) = judge(run.sample, run.sent, corrupted(traffic.final))
    assert "bids differ" in fault


def test_equal_books_have_no_differences(traffic: Traffic) -> None:
    """The comparison passes what is right."""
    assert differences(traffic.final, dict(traffic.final)) == []


def test_every_kind_of_difference_is_named(traffic: Traffic) -> None:
    """A wrong level, a missing book, a book too many and an old one are all seen."""
    (first, old), *others = traffic.final.items()
    stale = Ladder(old.sequence - 1, old.bids, old.asks)
    assert len(differences(traffic.final, corrupted(traffic.final))) == 1
    assert differences(traffic.final, {first: stale, **dict(others)}) == [
        f"{first}: at id {stale.sequence}, not {old.sequence}"
    ]
    assert differences(traffic.final, dict(others)) == [f"{first}: no book"]
    assert differences(dict(others), traffic.final) == [f"{first}: a book that was never sent"]


def test_traffic_never_crosses_a_book(traffic: Traffic) -> None:
    """The truth is a book that a market can have."""
    assert all(ladder.bids[0][0] < ladder.asks[0][0] for ladder in traffic.final.values())
    assert all(len(ladder.bids) <= 400 and len(ladder.asks) <= 400 for ladder in traffic.final.values())


def test_traffic_is_the_mix_that_is_promised() -> None:
    """70 % book changes, 25 % trades, 5 % tickers, 260 to 310 bytes on average."""
    traffic = make_traffic(MESSAGES, seed=3)
    share = {
        name: sum(name.encode() in frame for frame in traffic.frames) / len(traffic.frames)
        for name in ("spot.obu", "spot.trades", "spot.tickers")
    }
    assert share == pytest.approx({"spot.obu": 0.70, "spot.trades": 0.25, "spot.tickers": 0.05}, abs=0.03)
    assert 250 < traffic.mean_size < 310


def test_a_flow_is_the_traffic_of_its_seed() -> None:
    """What is made while it is sent is the same mix, and its books are as true."""
    pairs = pairs_of(10)
    flow, traffic = Flow(5, pairs, 220), make_traffic(200, 5, pairs)
    assert len(list(flow.frames)) == len(traffic.frames)
    assert flow.books() == traffic.final


def test_a_hundred_symbols_fall_in_popularity() -> None:
    """A few symbols have most of the traffic."""
    weights = [pair.weight for pair in pairs_of(100)]
    assert weights == sorted(weights, reverse=True)
    assert 0.6 < sum(weights[:10]) / sum(weights) < 0.8
    assert len({pair.symbol for pair in pairs_of(100)}) == 100


@pytest.mark.parametrize("symbols", [0, 1_001])
def test_there_are_1_to_1000_symbols(symbols: int) -> None:
    """Another number is refused."""
    with pytest.raises(ValueError, match="1 to 1000 symbols"):
        pairs_of(symbols)
