"""The table of metrics in docs/metrics.md, written from the code: ``make metrics-page``."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from feedtree.ops.metrics.metric import PREFIX, AnyMetric
from feedtree.ops.metrics.of_accounts import ACCOUNTS
from feedtree.ops.metrics.of_mailboxes import MAILBOXES
from feedtree.ops.metrics.of_process import PROCESS
from feedtree.ops.metrics.of_streams import STREAMS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BEGIN = "<!-- metrics: written by make metrics-page -->"
END = "<!-- end of the metrics -->"
_PARTS = (
    ("Streams", STREAMS),
    ("Accounts and orders", ACCOUNTS),
    ("Mailboxes", MAILBOXES),
    ("Process, event loop, tree", PROCESS),
)


def tables() -> str:
    """Return every metric in Markdown."""
    return "\n".join(line for title, metrics in _PARTS for line in _part(title, metrics))


def written(page: str) -> str:
    """Return a page with the metrics between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def _part(title: str, metrics: Iterable[AnyMetric]) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield "| metric | kind | labels | |"
    yield "| --- | --- | --- | --- |"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{PREFIX}{metric.name}` | {metric.kind} | {labels} | {metric.help} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
