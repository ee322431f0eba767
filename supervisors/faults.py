"""What an exception looked like: kept without the exception, so that no frame, local or socket stays alive for it."""

from collections import deque
from collections.abc import Iterator
from types import TracebackType

import trio
from msgspec import Struct

_FRAMES = 16  # innermost ones of each traceback
_PARTS = 50  # exceptions in one picture, over all groups and chains
_TEXT = 1000  # characters of each message
_LINES = 400  # of one rendering


class Frame(Struct, frozen=True, gc=False):
    """One line of a traceback."""

    file: str
    line: int
    function: str


class Fault(Struct, frozen=True, gc=False):
    """One exception, with what it is made of and what it came from.

    Args:
        type: the name of its class.
        text: its message, at most 1,000 characters.
        frames: where it passed, outermost first; the innermost 16.
        parts: a group's exceptions, without cancellations; in all at most 50 exceptions are kept.
        left_out: how many of a group's exceptions were left out for that.
        cause: what it was raised from, or while handling what.
    """

    type: str
    text: str
    frames: tuple[Frame, ...] = ()
    parts: tuple["Fault", ...] = ()
    left_out: int = 0
    cause: "Fault | None" = None

    def render(self) -> str:
        """Return it as indented lines, causes first as in a traceback; at most 400 lines."""
        lines = list(_lines(self, ""))
        if len(lines) > _LINES:
            lines[_LINES - 1 :] = [f"({len(lines) - _LINES + 1} more lines)"]
        return "\n".join(lines)


def picture(error: BaseException) -> Fault:
    """Return what an exception looks like now."""
    return _Painter().fault(error)


def text_of(error: BaseException) -> str:
    """Return an exception's message; a broken ``__str__`` does not matter."""
    try:
        return str(error)
    except Exception as broken:
        return f"(its text raised {type(broken).__name__})"


class _Painter:
    """Counts what is left to keep, over a whole picture."""

    def __init__(self) -> None:
        self._left = _PARTS
        self._seen: set[int] = set()

    def fault(self, error: BaseException) -> Fault:
        self._left -= 1
        self._seen.add(id(error))
        text = text_of(error)
        parts, left_out = self._parts(error) if isinstance(error, BaseExceptionGroup) else ((), 0)
        return Fault(
            type(error).__name__,
            text if len(text) <= _TEXT else text[: _TEXT - 1] + "…",
            _frames(error.__traceback__),
            parts,
            left_out,
            self._cause(error),
        )

    def _parts(self, group: BaseExceptionGroup[BaseException]) -> tuple[tuple[Fault, ...], int]:
        parts: list[Fault] = []
        left_out = 0
        for each in group.exceptions:
            if isinstance(each, trio.Cancelled):
                continue
            if self._left > 0:
                parts.append(self.fault(each))
            else:
                left_out += 1
        return tuple(parts), left_out

    def _cause(self, error: BaseException) -> Fault | None:
        cause = error.__cause__
        if cause is None and not error.__suppress_context__:
            cause = error.__context__
        if cause is None or isinstance(cause, trio.Cancelled) or self._left <= 0 or id(cause) in self._seen:
            return None
        return self.fault(cause)


def _frames(trace: TracebackType | None) -> tuple[Frame, ...]:
    # An exception that is raised again and again has a traceback of thousands: only the last are looked at.
    last: deque[TracebackType] = deque(maxlen=_FRAMES)
    while trace is not None:
        last.append(trace)
        trace = trace.tb_next
    return tuple(map(_frame, last))


def _frame(trace: TracebackType) -> Frame:
    code = trace.tb_frame.f_code
    return Frame(code.co_filename, trace.tb_lineno, code.co_name)


def _lines(fault: Fault, indent: str) -> Iterator[str]:
    if fault.cause is not None:
        yield from _lines(fault.cause, indent)
        yield f"{indent}which led to"
    first, *rest = f"{fault.type}: {fault.text}".splitlines() if fault.text else [fault.type]
    yield f"{indent}{first}"
    for line in rest:
        yield f"{indent}  {line}"
    for frame in fault.frames:
        yield f"{indent}  at {frame.file}:{frame.line} {frame.function}"
    for number, part in enumerate(fault.parts, 1):
        yield f"{indent}  part {number} of {len(fault.parts) + fault.left_out}"
        yield from _lines(part, indent + "    ")
    if fault.left_out:
        yield f"{indent}  ({fault.left_out} parts left out)"
