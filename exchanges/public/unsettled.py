"""The topics of a connection that are neither live nor refused yet."""

from collections.abc import Callable, Container

from feedtree.exchanges.public.channels import Topic


class Unsettled:
    """Tells when the last open topic is settled, and when one opens again.

    Args:
        tell: called with True when all are settled, with False when the first one opens.
    """

    def __init__(self, tell: Callable[[bool], None]) -> None:
        self._tell = tell
        self._topics: set[Topic] = set()

    def open(self, topic: Topic) -> None:
        """Wait for a topic."""
        if not self._topics:
            self._tell(False)
        self._topics.add(topic)

    def settle(self, topic: Topic) -> None:
        """Wait for a topic no more."""
        if topic in self._topics:
            self._topics.remove(topic)
            if not self._topics:
                self._tell(True)

    def keep(self, wanted: Container[Topic]) -> None:
        """Wait no more for topics that are not wanted."""
        for topic in [topic for topic in self._topics if topic not in wanted]:
            self.settle(topic)
