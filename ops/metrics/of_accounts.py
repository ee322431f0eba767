"""What is measured of accounts and their orders, beside their streams."""

from collections.abc import Callable, Iterator

from feedtree.actors.meters import Histogram
from feedtree.ops.facts import AccountFacts
from feedtree.ops.metrics.metric import AnyMetric, HistogramMetric, Labels, Metric, Read
from feedtree.ops.metrics.sight import Sight

_MS = 1_000_000
WAIT = tuple(ms * _MS for ms in (1, 10, 50, 100, 250, 500, 1_000, 2_000, 5_000))

ACCOUNT = ("stream", "venue")


def _labels(path: str) -> Labels:
    return path, path.split("/")[1]


def _each(value: Callable[[AccountFacts], float]) -> Read:
    """Read one value of each account."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        for account in sight.facts.accounts:
            yield _labels(account.path), value(account)

    return read


def _by(values: Callable[[AccountFacts], dict[str, int]]) -> Read:
    """Read the values of each account, by what they are of."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        for account in sight.facts.accounts:
            for what, value in values(account).items():
                yield (*_labels(account.path), what), value

    return read


def _turns(sight: Sight) -> Iterator[tuple[Labels, Histogram]]:
    for path, histograms in sight.desks.items():
        if "turn_wait_ns" in histograms:
            yield _labels(path), histograms["turn_wait_ns"]


ACCOUNTS: tuple[AnyMetric, ...] = (
    Metric("account_consistent", "1 while an account is known to equal the venue's; else 0.", ACCOUNT,
           _each(lambda account: account.consistent)),
    Metric("account_unexplained", "Differences to the venue's account that nothing explains.", ACCOUNT,
           _each(lambda account: len(account.unexplained))),
    Metric("account_reconciliations_total", "Comparisons with the venue that were told.", ACCOUNT,
           _each(lambda account: account.reconciliations)),
    Metric("account_recovered_fills_total", "Fills that no push told, and asking did.", ACCOUNT,
           _each(lambda account: account.recovered_fills)),
    Metric("orders_open", "Orders that are open.", ACCOUNT, _each(lambda account: account.open_orders)),
    Metric("orders_unresolved", "Orders whose outcome is not known, and searched for.", ACCOUNT,
           _each(lambda account: account.unresolved)),
    Metric("orders_total", "Orders by outcome: accepted, rejected, unknown, and of these resolved.",
           (*ACCOUNT, "outcome"), _by(lambda account: account.outcomes)),
    Metric("order_requests_total", "Requests about orders that went out, by door.", (*ACCOUNT, "door"),
           _by(lambda account: account.requests)),
    Metric("order_requests_held_back_total", "Requests about orders that a rate limit kept from going out.",
           ACCOUNT, _each(lambda account: account.held_back)),
    Metric("order_pauses_total", "Pauses that the venue asked for in answers to requests about orders.", ACCOUNT,
           _each(lambda account: account.braked)),
    HistogramMetric("order_turn_wait_seconds", "How long requests about orders waited for their turn by the limits.",
                    ACCOUNT, WAIT, _turns),
)  # fmt: skip
