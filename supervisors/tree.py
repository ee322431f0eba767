"""The handle of a running tree: look at it, listen to it, steer it."""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple, Unpack

import trio

from feedtree.supervisors import admin
from feedtree.supervisors.checks import is_number
from feedtree.supervisors.control import Control
from feedtree.supervisors.errors import (
    AdminRefused,
    CalledDuringStart,
    ChildNotFound,
    InvalidSpec,
    NotSupported,
    SupervisorDown,
)
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.handles import Handle, Target
from feedtree.supervisors.incarnation import refuse_during_start, runs_below
from feedtree.supervisors.judgement import in_bounds
from feedtree.supervisors.onlooker import Onlooker
from feedtree.supervisors.requests import Request
from feedtree.supervisors.snapshot import ChildState
from feedtree.supervisors.specs import Spec, check_spec
from feedtree.supervisors.tasks import Task
from feedtree.supervisors.templates import instance

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Supervisor(Onlooker):
    """A running tree, from its root. Made by `open_supervisor`.

    A path is the ids from below the root down to a child, joined by ``/``; the root's own path is empty. Where a
    `Target` is taken, a `Handle` will do as well, which names one child and no later one of its id; `events` and
    `failed` take a path, since they are of use before the child exists, and after it.

    Looking never waits. A request that does not fit the state of the tree raises a subclass of `AdminRefused` and
    changes nothing; a request in progress goes on when its caller is cancelled, except those that start a child,
    which take it away again.
    """

    async def start_child(self, parent: Target, spec: Spec) -> Handle | None:
        """Add a child to a supervisor and start it.

        When the caller is cancelled before the child is ready, the child is stopped and removed, and gone when
        the cancellation leaves this call.

        Args:
            parent: the supervisor.
            spec: the child.

        Returns:
            The child's handle when it is ready; None where it said that there is nothing to run.

        Raises:
            InvalidSpec: not a spec, or one that this supervisor cannot hold.
            StartFailed: it failed before it was ready; its spec is discarded.
            AlreadyStarted, AlreadyPresent: the id is taken.
            TooManyChildren: the supervisor is at its ``max_children``.
            NotSupported: the supervisor makes its children from a template; see `start_instance`.
            SupervisorDown: the supervisor is stopping or does not run.
        """
        spec = check_spec("start_child", spec)
        control = self._supervisor(parent)
        if control.spec.template is not None:
            raise NotSupported(control.path, "it makes its children from its template: use start_instance")
        return await _start(control, spec)

    async def start_instance(self, parent: Target, *args: Any) -> Handle | None:
        """Make one more child from a supervisor's template, and start it; its id is ``<template's id>-<number>``.

        Cancellation, return value and errors are those of `start_child`.

        Args:
            parent: the supervisor.
            *args: given to the template's start function after the context, at every start of this child.

        Raises:
            NotSupported: the supervisor has no template; see `start_child`.
        """
        control = self._supervisor(parent)
        if control.spec.template is None:
            raise NotSupported(control.path, "it has no template: use start_child")
        child_id = _free_id(control, control.spec.template.id)
        return await _start(control, instance(control.spec.template, child_id, args))

    async def start_task(
        self, parent: Target, function: Callable[[Unpack[Args]], Awaitable[T]], *args: *Args
    ) -> Task[T]:
        """Start a one-shot task below a supervisor, and return while it runs.

        Nobody's end ends it but its supervisor's; it is never restarted. Errors are those of `start_child`.

        Args:
            parent: the supervisor; best a dynamic one, where many tasks stop at once.
            function: an async function. What it raises goes to whoever waits for the task, and is told and logged
                as a crash of it.
            *args: of the function.
        """
        control = self._supervisor(parent)
        task: Task[T] = Task()
        task.handle = await _start(control, task.spec(_free_id(control, "task"), function, args))
        return task

    async def run_task(
        self, parent: Target, function: Callable[[Unpack[Args]], Awaitable[T]], *args: *Args
    ) -> T:
        """Run a one-shot task below a supervisor, and return its result; the task ends with its caller.

        When the caller is cancelled, the task is stopped, and gone when the cancellation leaves this call.

        Raises:
            TaskStopped: it was stopped before it came to a result.
            Exception: whatever the task raised; or as of `start_child`.
        """
        task = await self.start_task(parent, function, *args)
        try:
            return await task.wait()
        except trio.Cancelled:
            if task.handle is not None:
                with trio.CancelScope(shield=True), suppress(AdminRefused):
                    await self.terminate_child(task.handle)
            raise

    async def terminate_child(self, path: Target) -> None:
        """Stop a child and wait until it has ended; also ends its restarting.

        Its spec is kept, but not in a dynamic supervisor; see `halt_child`. A child that does not run is left as it is.

        Raises:
            ChildNotFound: no such child.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.terminate, path)

    async def halt_child(self, path: Target) -> None:
        """Stop a child, wait until it has ended, and keep it, also in a dynamic supervisor; also ends its restarting.

        It stays down and listed, whatever becomes of its siblings, until `restart` or `cycle_child` starts it again, or
        its supervisor is itself started anew. A child that does not run is left as it is.

        Raises:
            NotSupported: it is temporary, or was made from a template, and would be gone; see `terminate_child`.
            ChildNotFound: no such child, or it is being removed.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.halt, path)

    async def restart(self, path: Target) -> Handle | None:
        """Start a child that does not run (parked, terminated or ended), and wait until it is ready.

        Siblings that were held because of it are started after it, in order. To restart one of those is to restart
        the parked child for which they wait: the answer comes when that one is ready, and is its handle.

        Returns:
            The child's handle; None where it said that there is nothing to run.

        Raises:
            ChildNotFound: no such child.
            ChildRunning: it runs; terminate it first.
            ChildRestarting: it is about to be started again anyway.
            StartFailed: it failed before it was ready, and is parked as failed.
            SupervisorDown: its supervisor does not run.
        """
        return await self._ask(admin.restart, path)

    async def cycle_child(self, path: Target) -> Handle | None:
        """Stop a child where it runs, start it again, and wait until it is ready.

        The child is the same one, a generation later, and its former failures are forgotten as by `restart`. Nothing of
        it is counted against any intensity, or makes a crash report. In ``rest_for_one`` the later siblings are stopped
        and started with it, in ``one_for_all`` all of them; no wait of theirs for a restart is kept up. One that does
        not run, or waits for its restart, is started, as by `restart`.

        Returns:
            The child's handle; None where it said that there is nothing to run.

        Raises:
            NotSupported: it is temporary, and would be gone.
            ChildNotFound: no such child, or it is being removed.
            StartFailed: it failed before it was ready, and is parked as failed.
            SupervisorDown: its supervisor does not run or is stopping, or the child was stopped by hand meanwhile.
        """
        return await self._ask(admin.cycle, path)

    async def reset_backoff(self, path: Target) -> int:
        """Forget the former failures of a child, of a supervisor those of all children below it, too.

        Whoever of them waits for a restart is started now; in a group, when the others of it do not wait any more.

        Args:
            path: the child; empty for the whole tree.

        Returns:
            How many waits it ended.

        Raises:
            ChildNotFound: no such child.
            SupervisorDown: its supervisor does not run.
        """
        if str(path):
            first, top = self._put(admin.reset_backoff, path), self._find(path)[1].last_control
        else:
            first, top = None, self._supervisor("")
        below = [_put_to_all(control) for control in _running_from(top)]
        if first is not None:
            await first.answer()
        for each in below:
            with suppress(SupervisorDown):  # it has ended meanwhile, and there is nothing left to forget
                await each.answer()
        return sum(each.waits_ended for each in (first, *below) if each is not None)

    def audit(self, path: str, reason: str) -> None:
        """Put on record that somebody does something by hand: an event `AUDITED` of that path, and a log line.

        Args:
            path: the child that it is done to; it need not exist.
            reason: who does what; of what is no single line, or longer than 300 characters, that is made.
        """
        line = in_bounds(" ".join(reason.split()))
        try:
            generation = self._find(path)[1].lineage.generation if path else 1
        except ChildNotFound:
            generation = 0
        self._around.journal.info("audited", path=path, generation=generation, reason=line)
        self._around.bus.tell(EventKind.AUDITED, path, generation, line)

    async def delete_child(self, path: Target) -> None:
        """Forget a child that does not run.

        Raises:
            NotSupported: it was made from a template, and is gone as soon as it is terminated.
            ChildNotFound: no such child.
            ChildRunning: it runs; terminate it first.
            ChildRestarting: it is about to be started again; terminate it first.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.delete, path)

    async def remove(self, path: Target) -> None:
        """Stop a child, wait until it has ended, and forget it.

        Raises:
            ChildNotFound: no such child.
            SupervisorDown: its supervisor does not run.
        """
        await self._ask(admin.remove, path)

    async def failed(self, path: str) -> str:
        """Wait until a child is parked as failed; returns at once where it is.

        Returns:
            Why it failed, in one line.

        Raises:
            SupervisorDown: the tree ended first.
        """
        while not self._around.over.is_set():
            event = self._around.when_parked(path)
            try:
                _, child = self._find(path)
            except ChildNotFound:
                pass
            else:
                if child.state is ChildState.FAILED:
                    return child.last_reason or ""
            await event.wait()
        raise SupervisorDown(path, "the tree has ended")

    async def stop(self, within: float = float("inf")) -> None:
        """Stop the whole tree in order, and wait until it has ended. Can be called again, to hurry.

        Args:
            within: seconds after which everything that still runs is asked at once, with no grace left; no longer
                than the root's own ``shutdown``.

        Raises:
            InvalidSpec: `within` is no number.
            CalledDuringStart: the caller is a child of this tree, which would wait for itself.
        """
        if not is_number(within) or math.isnan(within):
            raise InvalidSpec("stop(within)", within, "a number of seconds")
        if runs_below(self._control):
            raise CalledDuringStart("", "a child cannot wait for the end of its own tree")
        self._control.post(self._control.begin_stop, min(within, self._control.spec.shutdown))
        await self._around.over.wait()

    async def _ask(self, action: Callable[[Request], None], target: Target) -> Handle | None:
        return await self._put(action, target).answer()

    def _put(self, action: Callable[[Request], None], target: Target) -> Request:
        """Put a question about a child to its supervisor."""
        path = str(target)
        parent, _, child_id = path.rpartition("/")
        control = self._supervisor(parent)
        refuse_during_start(control, path)
        request = Request(control, child_id, handle=target if isinstance(target, Handle) else None)
        control.post(action, request)
        return request


def _running_from(control: Control | None) -> Iterator[Control]:
    """Walk the supervisors that run at and below one."""
    if control is not None and not control.ended:
        yield control
        for child in control.children.values():
            yield from _running_from(None if child.incarnation is None else child.incarnation.control)


def _put_to_all(control: Control) -> Request:
    request = Request(control, "")
    control.post(admin.reset_backoffs, request)
    return request


def _free_id(control: Control, stem: str) -> str:
    """Return an id that no child has, and none had that was numbered before."""
    while True:
        control.lineage.instances += 1
        child_id = f"{stem}-{control.lineage.instances}"
        if child_id not in control.children:
            return child_id


async def _start(control: Control, spec: Spec) -> Handle | None:
    """Have a supervisor start one more child; a cancelled caller takes it away again."""
    refuse_during_start(control, control.path)
    request = Request(control, spec.id, spec)
    control.post(admin.add, request)
    try:
        return await request.answer()
    except trio.Cancelled:
        with trio.CancelScope(shield=True):
            await _take_back(request)
        raise


async def _take_back(request: Request) -> None:
    control = request.home
    if control.ended:
        return
    gone = Request(control, request.child_id, undoes=request)
    control.post(admin.abandon, gone)
    with suppress(SupervisorDown):
        await gone.answer()
