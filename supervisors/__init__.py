"""Who restarts whom: specs, strategies, backoff, lifecycle events. Knows actors, and no exchange.

async with open_supervisor(SupervisorSpec("root", [ChildSpec("worker", worker)])) as tree:
    print(tree.snapshot())
"""

from feedtree.supervisors.backoff import BackoffPolicy, Herd
from feedtree.supervisors.errors import (
    AccountingOff,
    AdminRefused,
    AlreadyPresent,
    AlreadyStarted,
    CalledDuringStart,
    ChildFailed,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    IntensityExceeded,
    InvalidSpec,
    NotASupervisor,
    StartFailed,
    StartTimeout,
    SupervisorDown,
    TooManyChildren,
    TreeFailed,
)
from feedtree.supervisors.events import EventKind, EventStream, LifecycleEvent
from feedtree.supervisors.incarnation import grace
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.root import open_supervisor
from feedtree.supervisors.snapshot import ChildState, Node
from feedtree.supervisors.specs import ChildSpec, Restart, Spec, Strategy, SupervisorSpec
from feedtree.supervisors.stuck import EXIT_STUCK
from feedtree.supervisors.tree import Supervisor
from feedtree.supervisors.usage import Usage
from feedtree.supervisors.verdicts import Fatal, Retryable, Shutdown, Throttled
from feedtree.supervisors.view import Counts

__all__ = [
    # the tree
    "open_supervisor",
    "Supervisor",
    "ChildSpec",
    "SupervisorSpec",
    "Spec",
    "Restart",
    "Strategy",
    "BackoffPolicy",
    "Herd",
    "grace",
    "EXIT_STUCK",
    # what an exception means
    "Retryable",
    "Throttled",
    "Fatal",
    "Shutdown",
    "Verdict",
    "Judgement",
    # what happens
    "Node",
    "ChildState",
    "Counts",
    "Usage",
    "LifecycleEvent",
    "EventKind",
    "EventStream",
    # errors
    "InvalidSpec",
    "AdminRefused",
    "ChildNotFound",
    "AlreadyStarted",
    "AlreadyPresent",
    "ChildRunning",
    "ChildRestarting",
    "NotASupervisor",
    "TooManyChildren",
    "AccountingOff",
    "SupervisorDown",
    "CalledDuringStart",
    "StartFailed",
    "StartTimeout",
    "ChildFailed",
    "IntensityExceeded",
    "TreeFailed",
]
