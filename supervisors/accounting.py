"""Accounting: what every step of every task costs, on the account of the actor that it is made for.

Steps of tasks that are no actor's (the app's, a supervisor's own) are on no account.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter_ns, thread_time_ns

import trio

from feedtree.supervisors.children import Lineage
from feedtree.supervisors.errors import InvalidSpec
from feedtree.supervisors.incarnation import incarnation_of
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.usage import Account, Usage, total


@contextmanager
def keep_accounts(around: Surroundings, wanted: bool) -> Iterator[None]:
    """Keep accounts of all actors of a tree while the body runs; they can be read after it, too."""
    if not wanted:
        yield
        return
    around.usage_of = usage_of
    accounting = Accounting(around)
    trio.lowlevel.add_instrument(accounting)
    try:
        yield
    finally:
        with suppress(KeyError):  # trio drops an instrument that failed
            trio.lowlevel.remove_instrument(accounting)


def check_accounting(value: object) -> bool:
    """Return whether accounts are wanted.

    Raises:
        InvalidSpec: it is neither True nor False.
    """
    if isinstance(value, bool):
        return value
    raise InvalidSpec("accounting", value, "True or False")


def usage_of(lineage: Lineage) -> Usage:
    """Sum what a child has cost, with all below it that is not forgotten."""
    return total(_accounts(lineage))


def _accounts(lineage: Lineage) -> Iterator[Account]:
    if lineage.account is not None:
        yield lineage.account
    for child in lineage.children.values():
        yield from _accounts(child)


class Accounting(trio.abc.Instrument):
    """Measures every step of a trio run, and keeps account of those that actors of one tree make.

    Args:
        around: the tree.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        # When each task that is due became so; it is taken out when its step begins, which nothing prevents.
        self._due: dict[trio.lowlevel.Task, int] = {}
        self._latency: int | None = None
        self._began: int | None = None  # None until the first step begins: accounting itself began within one
        self._cpu = 0

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Note that a step is due."""
        self._due[task] = perf_counter_ns()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Note that it begins."""
        due = self._due.pop(task, None)
        self._cpu = thread_time_ns()
        self._began = now = perf_counter_ns()
        self._latency = None if due is None else now - due

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Charge it. Whose it is, an actor's task says in the course of its first step."""
        if self._began is None:
            return
        length = perf_counter_ns() - self._began
        cpu = thread_time_ns() - self._cpu
        incarnation = incarnation_of(task)
        if incarnation is None or incarnation.home.around is not self._around:
            return
        lineage = incarnation.child.lineage
        account = lineage.account
        if account is None:
            account = lineage.account = Account()
        account.add(length, cpu, self._latency)
