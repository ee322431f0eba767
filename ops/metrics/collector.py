"""A tree as a collector of `prometheus_client`, and as the text that Prometheus reads."""

from collections.abc import Iterable

import trio
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from feedtree.ops.app import Tree
from feedtree.ops.metrics.catalogue import METRICS
from feedtree.ops.metrics.metric import texts_of
from feedtree.ops.metrics.sight import Sight, Watcher

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class TreeCollector(Collector):
    """Collects a tree's metrics, for an app that has a registry of its own.

    Collect in the loop that the tree runs on: a registry that is served by a thread of `prometheus_client` does not.

    Args:
        tree: what is measured.
        watcher: what is remembered of it; what only events tell is missing unless somebody lets it hear them.
    """

    def __init__(self, tree: Tree, watcher: Watcher | None = None) -> None:
        self._tree = tree
        self._watcher = watcher or Watcher()

    def collect(self) -> Iterable[Family]:
        """Look at the tree, and yield every metric."""
        sight = self._watcher.look(self._tree)
        for metric in METRICS:
            yield metric.family(sight)


async def rendered(sight: Sight) -> bytes:
    """Return a sight as the text that Prometheus reads; other tasks run between any two parts of it."""
    parts: list[bytes] = []
    for metric in METRICS:
        for text in texts_of(metric, sight):
            parts.append(text)
            await trio.lowlevel.checkpoint()
    return b"".join(parts)
