"""What is measured of mailboxes: the first fifty names have series of their own, the rest is summed up."""

from collections.abc import Callable, Iterator

from feedtree.ops.metrics.metric import AnyMetric, Labels, Metric, Read
from feedtree.ops.metrics.sight import MailboxSum, Sight

MAILBOX = ("mailbox", "side")


def _each(value: Callable[[MailboxSum], float]) -> Read:
    """Read one value of each name."""

    def read(sight: Sight) -> Iterator[tuple[Labels, float]]:
        for (side, name), mailbox in sight.mailboxes.items():
            yield (name, side), value(mailbox)

    return read


def _dropped(sight: Sight) -> Iterator[tuple[Labels, float]]:
    for (side, name), mailbox in sight.mailboxes.items():
        for reason, number in mailbox.dropped.items():
            yield (name, side, reason), number


MAILBOXES: tuple[AnyMetric, ...] = (
    Metric("mailbox_depth", "Messages that wait.", MAILBOX, _each(lambda mailbox: mailbox.depth)),
    Metric("mailbox_capacity", "The depth at which it is full.", MAILBOX, _each(lambda mailbox: mailbox.capacity)),
    Metric("mailbox_oldest_seconds", "For how long the oldest message has waited; 0 where none does.", MAILBOX,
           _each(lambda mailbox: mailbox.oldest_s)),
    Metric("mailbox_delivered_total", "Messages that were taken.", MAILBOX, _each(lambda mailbox: mailbox.delivered)),
    Metric("mailbox_skipped_total", "Messages that a newer one of their key took the place of.", MAILBOX,
           _each(lambda mailbox: mailbox.skipped)),
    Metric("mailbox_dropped_total", "Messages that were not delivered, by reason.", (*MAILBOX, "reason"), _dropped),
)  # fmt: skip
