"""Every metric that there is."""

from feedtree.ops.metrics.metric import PREFIX, AnyMetric
from feedtree.ops.metrics.of_accounts import ACCOUNTS
from feedtree.ops.metrics.of_mailboxes import MAILBOXES
from feedtree.ops.metrics.of_process import PROCESS
from feedtree.ops.metrics.of_streams import STREAMS

METRICS: tuple[AnyMetric, ...] = (*STREAMS, *ACCOUNTS, *MAILBOXES, *PROCESS)

_SERIES = ("_bucket", "_sum", "_count")


def series_names() -> set[str]:
    """Return the names that a query can use: those of histograms with each of their endings."""
    return {
        PREFIX + metric.name + ending
        for metric in METRICS
        for ending in (_SERIES if metric.kind == "histogram" else ("",))
    }
