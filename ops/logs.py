"""What feedtree's own commands log: one line per lifecycle event, repeats of an outage summed up, nothing per message.

A library never configures logging: an app that embeds feedtree sets structlog up as it likes.
"""

import logging
import sys
from collections.abc import AsyncIterable, Callable, Iterable, MutableMapping
from typing import Any

import structlog

from feedtree.exchanges.credentials import Secret
from feedtree.ops.log_outages import Outages
from feedtree.ops.redaction import Redaction
from feedtree.ops.repeats import Repeats
from feedtree.supervisors import EventKind, LifecycleEvent, Verdict

Write = Callable[[str], None]

# The supervisor logs these itself, also in an app that sets up no more than structlog.
_LOGGED_ALREADY = frozenset(
    {
        EventKind.CRASHED,
        EventKind.FLAPPING,
        EventKind.STALLED,
        EventKind.STUCK,
        EventKind.FAILED,
        EventKind.AUDITED,
    }
)


class LineLogger:
    """A structlog logger that hands each rendered line to a callable."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def msg(self, message: str) -> None:
        """Hand one line on."""
        self._write(message)

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


def configure_logs(
    write: Write, *, human: bool, level: int = logging.INFO, secrets: Iterable[Secret] = ()
) -> None:
    """Make every log of this process one line.

    Args:
        write: gets each line, without a newline; must not block.
        human: True for lines to read, False for JSON lines to search.
        level: what is less than this is left out.
        secrets: what no line shows, should it ever get into one.
    """
    structlog.configure(
        processors=[Outages(), *(_human() if human else _machine()), Redaction(secrets)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: LineLogger(write),
        cache_logger_on_first_use=False,
    )


def is_terminal() -> bool:
    """Return whether stderr is a terminal."""
    return sys.stderr.isatty()


def _human() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _sentence,
    ]


def _machine() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(default=str),
    ]


def _sentence(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    """Render ``18:15:24 warning public/gateio.spot/shard-1/a restarting reason=... wait=0.2``."""
    head = [str(event.pop("timestamp")), str(event.pop("level"))]
    if path := event.pop("path", ""):
        head.append(str(path))
    head.append(str(event.pop("event")))
    event.pop("stack", None)
    if error := _error(event.pop("exc_info", None)):
        event.setdefault("error", error)
    facts = [f"{key}={_short(value)}" for key, value in event.items()]
    return " ".join(" ".join(head + facts).split())


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return _error(exc_info[1])
    return sys.exc_info()[1] if exc_info else None


def _short(value: object) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


async def log_lifecycle(events: AsyncIterable[LifecycleEvent]) -> None:
    """Log the lifecycle events of a tree, each as a line, and the traceback of every bug, until they end.

    An actor that reports the same state again, with other facts, is not logged again.
    """
    log = structlog.get_logger()
    repeats = Repeats()
    async for event in events:
        judgement = event.judgement
        if repeats.has(event):
            continue
        if not _logged_already(event):
            log.info(str(event.kind), **_facts(event))
        elif event.kind is EventKind.CRASHED and judgement is not None and judgement.verdict is Verdict.BUG:
            log.error("bug", exc_info=judgement.error, **_facts(event))


def _logged_already(event: LifecycleEvent) -> bool:
    return event.kind in _LOGGED_ALREADY or (event.kind is EventKind.EXITED and event.report is not None)


def _facts(event: LifecycleEvent) -> dict[str, object]:
    facts: dict[str, object] = {"path": event.path, "generation": event.generation}
    if event.reason:
        facts["reason"] = event.reason
    if event.wait is not None:
        facts["wait_s"] = round(event.wait, 3)
    return facts


def silent() -> Any:
    """Return a logger that says nothing."""
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
    )
