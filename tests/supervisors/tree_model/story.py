"""A random supervisor tree lives through random misfortune, and all that can be seen from outside is kept.

Everything that is kept carries a number of one sequence, so that what children say about themselves, what
listeners hear, and what snapshots show can be put into one order afterwards.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import structlog
import trio
import trio.testing

from feedtree.actors.context import Context
from feedtree.supervisors import (
    AdminRefused,
    BackoffPolicy,
    ChildSpec,
    ChildState,
    Fatal,
    LifecycleEvent,
    Retryable,
    Shutdown,
    Spec,
    StartFailed,
    Strategy,
    Supervisor,
    SupervisorSpec,
    Throttled,
    grace,
    open_supervisor,
)
from tree_model.kept import Look, Request, Run
from tree_model.reading import walk_nodes

QUIET = (0.0, "ready", math.inf, "return")  # the life of an incarnation whose script is over
BUSY = (ChildState.STARTING, ChildState.STOPPING, ChildState.STUCK, ChildState.RESTARTING)
TOO_LATE = 50_000.0
TOO_MANY_STEPS = 200_000


class Hang(Exception):
    """Virtual time went on and on, or did not go on at all."""


class BodyError(Exception):
    """What the body raises where that is how the story ends."""


class Story:
    """One tree and all that became of it.

    Args:
        plan: what to do: ``tree``, ``open`` (the tree is there from the start, or added to an empty one),
            ``steps``, ``stop``, ``outer`` (deadline around all), ``interrupts``.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.specs: dict[str, Spec] = {}
        self.static: dict[str, list[str]] = {}
        self.unruly = False  # some cleanup does not respect its grace
        self.runs: list[Run] = []
        self.requests: list[Request] = []
        self.looks: list[Look] = []
        self.events: list[LifecycleEvent] = []
        self.log: list[str] = []
        self.stops: list[tuple[int, float]] = []  # of the whole tree: when asked, and when out of grace
        self.listening: int | None = None
        self.stopping: Look | None = None
        self.body_raised: BodyError | None = None
        self.outcome: BaseException | None = None
        self.ended_at = math.inf
        self.tasks_left = 0
        self._number = 0
        self._errors = 0
        self._tree: Supervisor | None = None
        self.root = self._root(plan)

    def tick(self) -> int:
        """Return the next number of the sequence; also serves as the wall clock of events."""
        self._number += 1
        return self._number

    # The tree

    def _root(self, plan: dict[str, Any]) -> SupervisorSpec:
        if plan["open"]:
            spec = self.supervisor("root", "", plan["tree"])
        else:
            spec = SupervisorSpec("root", intensity=plan["tree"]["intensity"], period=plan["tree"]["period"])
            self.static[""] = []
        self.specs[""] = spec
        return spec

    def build(self, child_id: str, parent: str, options: dict[str, Any]) -> Spec:
        """Make a spec of a drawn worker or supervisor, and remember it by its path."""
        path = f"{parent}/{child_id}" if parent else child_id
        make = self.supervisor if "children" in options else self.worker
        self.specs[path] = spec = make(child_id, path, options)
        return spec

    def supervisor(self, child_id: str, path: str, options: dict[str, Any]) -> SupervisorSpec:
        ids = [f"{'s' if 'children' in each else 'w'}{n}" for n, each in enumerate(options["children"])]
        children = [self.build(i, path, each) for i, each in zip(ids, options["children"], strict=True)]
        self.static[path] = [self._below(path, each) for each in ids]
        dynamic = options["strategy"] == "dynamic"
        return SupervisorSpec(
            child_id,
            children,
            strategy=Strategy.ONE_FOR_ONE if dynamic else Strategy(options["strategy"]),
            dynamic=dynamic,
            backoff=BackoffPolicy(initial=options["backoff"]),
            **{
                key: options[key]
                for key in ("intensity", "period", "restart", "bulkhead", "shutdown", "start_timeout")
            },
        )

    def worker(self, child_id: str, path: str, options: dict[str, Any]) -> ChildSpec:
        lives = iter(options["lives"])
        self.unruly = self.unruly or options["cleanup"][0] == "shield"

        async def start(context: Context) -> None:
            await self.live(context, options, next(lives, QUIET))

        return ChildSpec(
            child_id,
            start,
            backoff=BackoffPolicy(initial=options["backoff"]),
            **{key: options[key] for key in ("restart", "bulkhead", "shutdown", "start_timeout")},
        )

    @staticmethod
    def _below(parent: str, child_id: str) -> str:
        return f"{parent}/{child_id}" if parent else child_id

    # A worker

    async def live(self, context: Context, options: dict[str, Any], life: tuple[Any, ...]) -> None:
        """Live one incarnation, and keep what it saw and what left it."""
        run = Run(context.path, context.generation, self.tick(), trio.current_time())
        self.runs.append(run)
        self.look()
        try:
            await self._end_somehow(context, options, life, run)
        except BaseException as error:
            run.error = error
            run.leaves = [each for each in leaves(error) if not isinstance(each, trio.Cancelled)]
            raise
        finally:
            self.look()
            run.ended, run.ended_at = self.tick(), trio.current_time()

    async def _end_somehow(
        self, context: Context, options: dict[str, Any], life: tuple[Any, ...], run: Run
    ) -> None:
        try:
            await self._act(context, life, run)
        except trio.Cancelled as cancelled:
            run.cancelled = self.tick()
            self.look()
            await _clean_up(*options["cleanup"])
            match options["cancelled"]:
                case "pass":
                    raise
                case "swallow":
                    return
                case "crash":
                    raise self.error("bug") from None
                case _:
                    raise BaseExceptionGroup("while cancelled", [cancelled, self.error("lost")]) from None
        finally:
            if run.cancelled is None:
                await _clean_up(*options["cleanup"])

    async def _act(self, context: Context, life: tuple[Any, ...], run: Run) -> None:
        delay, start, length, end = life
        if delay:
            await trio.sleep(delay)
        if start == "ignore":
            context.ignore()
        if start == "return":
            return
        if start != "ready":
            raise self.error(start)
        run.ready = self.tick()
        context.started()
        await trio.sleep(length)
        if end != "return":
            raise self.error(end)

    def error(self, kind: str) -> BaseException:
        """Make an exception, or a group of them, each with a mark of its own."""
        self._errors += 1
        mark = f"#{self._errors}#"
        match kind:
            case "lost":
                return Retryable(mark)
            case "throttled":
                return Throttled(mark, retry_after=3.0)
            case "fatal":
                return Fatal(mark)
            case "shutdown":
                return Shutdown(mark)
            case "closed":
                return trio.ClosedResourceError(mark)
            case "interrupt" if self.plan["interrupts"]:
                return KeyboardInterrupt(mark)
            case "bug" | "interrupt":
                return ValueError(mark)
        inner = [self.error(each) for each in kind.split("+")]
        return BaseExceptionGroup(mark, [BaseExceptionGroup(mark, inner[:1]), *inner[1:]])

    # Looking and asking

    def look(self, *, settled: bool = False) -> None:
        """Keep a snapshot."""
        if self._tree is not None:
            self.looks.append(Look(self.tick(), trio.current_time(), settled, self._tree.snapshot()))

    async def ask(self, action: str, path: str, spec: Any = None, patience: float = math.inf) -> None:
        """Make a request, and keep its answer."""
        assert self._tree is not None
        request = Request(action, path, self.tick(), trio.current_time())
        self.requests.append(request)
        with trio.move_on_after(patience):
            try:
                request.result = await self._call(self._tree, action, path, spec)
            except (AdminRefused, StartFailed) as error:
                request.result = error
            except trio.Cancelled:
                request.given_up = True
                raise
            finally:
                request.answered = self.tick()

    async def _call(self, tree: Supervisor, action: str, path: str, spec: Any) -> Any:
        match action:
            case "add":
                return await tree.start_child(path.rpartition("/")[0], spec)
            case "terminate":
                return await tree.terminate_child(path)
            case "halt":
                return await tree.halt_child(path)
            case "cycle":
                return await tree.cycle_child(path)
            case "reset":
                return await tree.reset_backoff(path)
            case "restart":
                return await tree.restart(path)
            case "remove":
                return await tree.remove(path)
            case _:
                return await tree.delete_child(path)

    def _target(self, action: str, index: int) -> str:
        """Choose any known child, or, by an odd index, one in a state in which the request is delicate."""
        assert self._tree is not None
        busy = (ChildState.STOPPED, ChildState.FAILED) if action == "restart" else BUSY
        delicate = [
            node.path for node in walk_nodes(self._tree.snapshot()) if node.path and node.state in busy
        ]
        paths = sorted(each for each in self.specs if each)
        chosen = delicate if index % 2 and delicate else paths
        return chosen[index // 2 % len(chosen)] if chosen else "nobody"

    def _request(self, action: str, index: int, options: Any) -> tuple[str, str, Any, float]:
        """Choose whom a drawn request concerns: a known path, by index."""
        paths = sorted(self.specs)
        if action in ("add", "add impatiently"):
            homes = [each for each in paths if isinstance(self.specs[each], SupervisorSpec)]
            parent = homes[index % len(homes)]
            child_id = f"n{len(self.specs)}"
            spec = self.build(child_id, parent, options)
            return "add", self._below(parent, child_id), spec, 0.5 if "impatiently" in action else math.inf
        path = self._target(action, index)
        if action == "add again":
            return "add", path, self.specs.get(path), math.inf
        if action == "cycle impatiently":
            return "cycle", path, None, 0.5
        return action, path, None, math.inf

    # The whole

    async def tell(self) -> None:
        """Live through it all, and keep how it ended."""
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as callers:
            try:
                with trio.CancelScope(deadline=self.plan["outer"]):
                    await self._open(callers)
            except (Exception, KeyboardInterrupt, BaseExceptionGroup) as error:
                self.outcome = error
            self.ended_at = min(self.ended_at, trio.current_time())
            self.look()
        self.tasks_left = trio.lowlevel.current_statistics().tasks_living - before

    async def _open(self, callers: trio.Nursery) -> None:
        log = structlog.wrap_logger(_Keep(self.log), processors=[_as_text])
        async with open_supervisor(self.root, rng=Random(1), log=log, wall_ns=self.tick) as tree:
            self._tree = tree
            stream = tree.events(capacity=100_000)
            self.listening = self.tick()
            self.look()
            try:
                await self._body(tree, callers)
            except trio.Cancelled:
                self.stopping = self.stopping or self._now(tree)
                if self.plan["stop"][1] == "raise":
                    self.body_raised = BodyError()
                    raise self.body_raised from None
                raise
            finally:
                self.stops.append((self.tick(), trio.current_time() + self.root.shutdown))
                callers.start_soon(self._listen, stream)

    def _now(self, tree: Supervisor) -> Look:
        self.look()
        return self.looks[-1]

    async def _listen(self, stream: Any) -> None:
        self.events = [event async for event in stream]

    async def _body(self, tree: Supervisor, callers: trio.Nursery) -> None:
        if not self.plan["open"]:
            await self.ask("add", "t", self.build("t", "", self.plan["tree"]))
        for pause, action, index, options in self.plan["steps"]:
            await self._pause(pause)
            if action != "look":
                callers.start_soon(self.ask, *self._request(action, index, options))
        await self._end(tree)

    async def _pause(self, seconds: float) -> None:
        """Wait, and look when all has settled; no pause is none, and what comes next meets what just came."""
        await trio.sleep(seconds)
        if seconds:
            await trio.testing.wait_all_tasks_blocked()
            self.look(settled=True)

    async def _end(self, tree: Supervisor) -> None:
        pause, kind, within, hurry = self.plan["stop"]
        await self._pause(pause)
        self.stopping = self._now(tree)
        if kind == "raise":
            self.body_raised = BodyError()
            raise self.body_raised
        if kind == "stop":
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stop, tree, within)
                if hurry is not None:
                    await trio.sleep(hurry)
                    await self._stop(tree, within / 2)
            self.look(settled=True)

    async def _stop(self, tree: Supervisor, within: float) -> None:
        self.stops.append((self.tick(), trio.current_time() + min(within, self.root.shutdown)))
        await tree.stop(within)
        self.ended_at = min(self.ended_at, trio.current_time())


class _Keep:
    """A logger that keeps lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def _keep(self, line: str) -> None:
        self._lines.append(line)

    debug = info = warning = error = _keep


def _as_text(_log: Any, _method: str, event: dict[str, Any]) -> str:
    return str(event)


async def _clean_up(kind: str, seconds: float) -> None:
    if kind == "grace":
        with grace():
            await trio.sleep(seconds)
    elif kind == "shield":
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Walk the leaves of a group."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from leaves(each)
    else:
        yield error


def tell(plan: dict[str, Any]) -> Story:
    """Live through a plan in virtual time.

    Raises:
        Hang: something waits for ever, or works for ever in one instant.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)
    sleep_time, steps = clock.deadline_to_sleep_time, 0

    def bounded(deadline: float) -> float:
        nonlocal steps
        steps += 1
        if clock.current_time() > TOO_LATE or steps > TOO_MANY_STEPS:
            raise Hang
        return sleep_time(deadline)

    clock.deadline_to_sleep_time = bounded  # raises in trio itself, past every shield
    story = Story(plan)

    async def main() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep, 2 * TOO_LATE)  # so that time goes on while all wait
        await story.tell()

    try:
        trio.run(main, clock=clock)
    except trio.TrioInternalError as error:
        raise Hang(f"at {clock.current_time()} after {steps} steps") from error
    return story
