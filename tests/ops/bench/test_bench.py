from collections.abc import Iterator

import pytest

from feedtree.ops.bench.machine import Cores
from feedtree.ops.bench.processes import Bench, open_bench
from feedtree.ops.bench.traffic import Traffic, make_traffic
from feedtree.ops.bench.truth import Books, Ladder, differences

MESSAGES = 2_000


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return make_traffic(MESSAGES, seed=7)


@pytest.fixture(scope="module")
def bench(traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with open_bench(tmp_path_factory.mktemp("bench"), traffic, Cores(None, None)) as running:
        yield running


def corrupted(books: Books) -> Books:
    """One size of one level is another."""
    symbol, ladder = next(iter(books.items()))
    price, size = ladder.bids[3]
    bids = [*ladder.bids[:3], (price, size + 1.0), *ladder.bids[4:]]
    return {**books, symbol: Ladder(ladder.sequence, bids, ladder.asks)}


@pytest.mark.slow
@pytest.mark.parametrize("client", ["feedtree structs", "feedtree messages", "feedtree whole"])
@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_run_counts_when_every_message_came_and_every_book_is_right(
    bench: Bench, client: str, transport: str
) -> None:
    """Every client's final books are compared with the server's truth."""
    run = bench.run(client, transport)
    assert run.faults == []
    assert run.counts
    assert run.sample is not None
    assert run.sample.cpu_s > 0


@pytest.mark.slow
@pytest.mark.parametrize("client", ["feedtree structs", "feedtree messages", "feedtree whole"])
def test_a_run_against_another_truth_does_not_count(bench: Bench, traffic: Traffic, client: str) -> None:
    """A run with a wrong book does not count."""
    bench.truth = corrupted(traffic.final)
    try:
        run = bench.run(client, "tcp")
    finally:
        bench.truth = traffic.final
    assert not run.counts
    assert any("bids differ" in fault for fault in run.faults)


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
