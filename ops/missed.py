"""What passed while a stream was down: the exchange's own ids between the last change before and the first after."""

from feedtree.exchanges.public.channels import Topic


class Missed:
    """Counts book changes that were missed in the last outage of each shard."""

    def __init__(self) -> None:
        self._lost: dict[Topic, tuple[int, int]] = {}  # topic -> (last id, epoch)
        self._counts: dict[tuple[str, str], int | None] = {}
        self._outages: dict[tuple[str, str], int] = {}

    def lost(self, topic: Topic, shard: str, generation: int, sequence: int, epoch: int) -> None:
        """Note a book that was lost.

        Args:
            topic: whose book.
            shard: that carried it.
            generation: the incarnation that ended; a new one begins a new count.
            sequence: the last id that was applied; 0 where none was.
            epoch: which life of the exchange this is; ids of two lives do not compare.
        """
        stream = (topic.venue, shard)
        if self._outages.get(stream) != generation:
            self._outages[stream] = generation
            self._counts[stream] = 0
        if sequence:
            self._lost[topic] = (sequence, epoch)

    def resynced(self, topic: Topic, shard: str, sequence: int, epoch: int) -> None:
        """Note a book that is live again at an id."""
        before = self._lost.pop(topic, None)
        if before is None:
            return
        stream = (topic.venue, shard)
        count = self._counts.get(stream)
        passed = sequence - before[0]
        known = count is not None and before[1] == epoch and passed >= 0
        self._counts[stream] = (count or 0) + passed if known else None

    def count(self, venue: str, shard: str) -> int | None:
        """Return how many changes the last outage missed; None where that cannot be known."""
        return self._counts.get((venue, shard))
