"""What the inspect server says to a request: everything that needs no socket."""

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.context import default_log
from feedtree.ops.inspect.details import details_of, gaps_below
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.pace import Pace
from feedtree.ops.inspect.paths import close_paths, is_below
from feedtree.ops.inspect.protocol import (
    MOST_ROWS,
    SCHEMA,
    Answer,
    Control,
    Crashes,
    Dump,
    Gaps,
    Happening,
    Look,
    Overview,
    Past,
    Problem,
    Request,
    Show,
    StackFacts,
    Stacks,
    Trace,
    Traced,
)
from feedtree.ops.inspect.steering import steer
from feedtree.ops.inspect.tracing import NothingPasses, trace
from feedtree.ops.looking import facts_of
from feedtree.supervisors import AdminRefused, ChildNotFound, StartFailed

if TYPE_CHECKING:
    from feedtree.ops.app import FindTree, Tree

PATH = "ops/inspect"  # where the server stands in the tree
FOLLOWED = 1_000  # events that may wait for one client; more are dropped, which their numbers show

Send = Callable[[bytes], Awaitable[None]]


class _Version(Struct):
    """As much of a request as says who asks."""

    schema: int = 1


class Refused(Exception):
    """There is no body to answer with."""

    def __init__(self, code: str, text: str, close: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.problem = Problem(code, text, close)


def read_request(line: bytes) -> Request:
    """Read one line.

    Raises:
        Refused: it is none, or of another schema.
    """
    try:
        said = msgspec.json.decode(line, type=_Version)
        if said.schema != SCHEMA:
            raise Refused("schema", _other_schema(said.schema))
        return msgspec.json.decode(line, type=Request)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("request", f"not a request: {error}") from error


def _other_schema(schema: int) -> str:
    which = "an older" if schema < SCHEMA else "a newer"
    return (
        f"this is {which} feedtree than the app's (schema {schema}, the app speaks {SCHEMA}): "
        "use the one of the app's own environment"
    )


def line(body: object = None, *, problem: Problem | None = None, more: bool = False) -> bytes:
    """Return an answer as a line."""
    if problem is not None:
        return msgspec.json.encode(Answer(schema=SCHEMA, error=problem)) + b"\n"
    raw = msgspec.Raw(msgspec.json.encode(body, enc_hook=str))
    return msgspec.json.encode(Answer(schema=SCHEMA, body=raw, more=more)) + b"\n"


class Answers:
    """Answers the requests of one app.

    Args:
        app: its name.
        tree: returns the running tree; None while there is none yet.
        history: what has happened in it.
        control: whether what it runs may be steered.
        log: a structlog logger.
    """

    def __init__(
        self,
        app: str,
        tree: "FindTree",
        history: History,
        *,
        control: bool,
        log: Any = None,
    ) -> None:
        self.app = app
        self.tree = tree
        self._history = history
        self._control = control
        self._log = default_log() if log is None else log
        self._pace = Pace()

    async def answer(self, request_line: bytes, who: str, send: Send) -> None:
        """Answer one request, with as many lines as it takes; whatever is wrong with it is said, and not raised.

        Args:
            request_line: without its newline.
            who: asks, in words.
            send: takes a line.
        """
        try:
            async with self._pace.turn():  # also what is refused has its price
                request, said = self._begin(request_line)
            if said is None:
                await self._go_on(request, who, send)
            else:
                await send(said)
        except Refused as refused:
            await send(line(problem=refused.problem))
        except trio.BrokenResourceError:
            raise  # the client went away
        except Exception as error:  # others are attached, too
            self._log.error(
                "a request failed", request=request_line[:200].decode(errors="replace"), exc_info=error
            )
            await send(line(problem=Problem("failed", f"a defect of the inspect server: {error!r}")))

    def _begin(self, request_line: bytes) -> tuple[Request, bytes | None]:
        """Return a request, and the answer; None where that takes longer than a step."""
        request = read_request(request_line)
        tree = self._running()
        try:
            match request:
                case Past(follow=True, path=path) | Trace(path=path):
                    self._known(tree, path)
                case Control():
                    self._check_control(tree, request)
                case _:
                    return request, line(self._body(tree, request))
        except ChildNotFound as error:
            raise self._unknown_path(tree, error) from error
        return request, None

    async def _go_on(self, request: Request, who: str, send: Send) -> None:
        tree = self._running()
        try:
            match request:
                case Past():
                    await self._follow(tree, request, send)
                case Trace():
                    await self._trace(tree, request, send)
                case Control():
                    await send(line(await steer(tree, request, who)))
        except ChildNotFound as error:  # it has gone meanwhile
            raise self._unknown_path(tree, error) from error
        except NothingPasses as error:
            raise Refused("path", str(error)) from error
        except (AdminRefused, StartFailed) as error:
            raise Refused("failed", str(error)) from error

    def _running(self) -> "Tree":
        tree = self.tree()
        if tree is None:
            raise Refused("starting", "the tree is starting; ask again")
        return tree

    def _body(self, tree: "Tree", request: Request) -> object:
        match request:
            case Look():
                return self._overview(tree)
            case Show(path=path):
                return details_of(tree, self._history, path)
            case Past(path=path, last=last):
                return self._history.events(self._known(tree, path), min(last, MOST_ROWS))
            case Crashes(path=path, last=last):
                return self._history.crashes(self._known(tree, path), min(last, MOST_ROWS))
            case Stacks(path=path):
                return self._stacks(tree, path)
            case Gaps(path=path, since_ns=since_ns, last=last):
                return _gaps(tree, self._known(tree, path), since_ns, last)
            case Dump():
                raise Refused(
                    "request", "a dump is asked for at the socket beside this one, which ends in .dump"
                )
        raise Refused("request", f"nothing is known of {type(request).__name__}")

    def _overview(self, tree: "Tree") -> Overview:
        return Overview(
            app=self.app,
            pid=os.getpid(),
            at=trio.current_time(),
            control=self._control,
            tree=tree.snapshot(),
            facts=facts_of(tree),
        )

    def _stacks(self, tree: "Tree", path: str) -> StackFacts:
        if path:
            tree.supervisor.node(path)
        return StackFacts({at: stack for at, stack in tree.supervisor.stacks().items() if is_below(at, path)})

    async def _follow(self, tree: "Tree", request: Past, send: Send) -> None:
        """Send what has happened, then what happens, until the client goes away."""
        path = request.path
        outbox, inbox = trio.open_memory_channel[Happening](FOLLOWED)

        def hear(event: Happening) -> None:
            if is_below(event.path, path):
                with suppress(trio.WouldBlock):
                    outbox.send_nowait(event)

        self._history.listen(hear)
        try:
            for event in self._history.events(path, min(request.last, MOST_ROWS)):
                await send(line(event, more=True))
            async for event in inbox:
                await send(line(event, more=True))
        finally:
            self._history.leave(hear)

    async def _trace(self, tree: "Tree", request: Trace, send: Send) -> None:
        if request.count < 1 or not request.rate > 0:
            raise Refused("request", "a trace needs a count of 1 or more, and a rate over 0")

        async def show(message: Traced) -> None:
            await send(line(message, more=True))

        await send(line(await trace(tree, request, show)))

    def _check_control(self, tree: "Tree", request: Control) -> None:
        if not self._control:
            raise Refused(
                "refused",
                "the app does not allow control: start it with feedtree run --control, or open_tree(control=True)",
            )
        if not request.path:
            raise Refused("request", "name a path: the whole tree is stopped by stopping its app")
        tree.supervisor.node(request.path)
        if request.action in ("stop", "restart") and is_below(PATH, request.path):
            raise Refused("refused", f"{request.path} is where this is answered: it is stopped with its app")

    def _known(self, tree: "Tree", path: str) -> str:
        """Return a path that leads somewhere, or did.

        Raises:
            ChildNotFound: it never did, as far as is remembered.
        """
        if path and not self._history.events(path, 1) and not self._history.crashes(path, 1):
            tree.supervisor.node(path)
        return path

    def _unknown_path(self, tree: "Tree", error: ChildNotFound) -> Refused:
        close = close_paths(tree.snapshot(), error.path)
        return Refused("path", f"nothing runs at {error.path}", close)


def _gaps(tree: "Tree", path: str, since_ns: int, last: int) -> list[Any]:
    found = [gap for gap in gaps_below(tree, path) if gap.end_ns is None or gap.end_ns >= since_ns]
    return found[-min(last, MOST_ROWS) :] if last > 0 else []
