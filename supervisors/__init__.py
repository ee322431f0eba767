"""Who restarts whom: specs, strategies, backoff, lifecycle events. Knows actors, and no exchange.

async with open_supervisor(SupervisorSpec("root", [ChildSpec("worker", worker)])) as tree:
    print(tree.snapshot())
"""

from feedtree.actors.ask import AskTimeout, Inbox, TargetEnded
from feedtree.actors.context import Context, Ignored
from feedtree.actors.names import NameNotFound, NameTaken, Registration
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
    NotSupported,
    StartFailed,
    StartTimeout,
    SupervisorDown,
    TaskStopped,
    TooManyChildren,
    TreeFailed,
)
from feedtree.supervisors.events import EventBus, EventKind, EventStream, LifecycleEvent
from feedtree.supervisors.faults import Fault, Frame
from feedtree.supervisors.handles import Handle, Target
from feedtree.supervisors.incarnation import grace
from feedtree.supervisors.judgement import Judgement, Verdict
from feedtree.supervisors.loop_facts import LoopFacts
from feedtree.supervisors.reports import Course, CrashReport
from feedtree.supervisors.root import open_supervisor
from feedtree.supervisors.snapshot import ChildState, Node
from feedtree.supervisors.specs import AutoShutdown, ChildSpec, Restart, Spec, Strategy, SupervisorSpec
from feedtree.supervisors.stuck import EXIT_STUCK
from feedtree.supervisors.tasks import Task
from feedtree.supervisors.tree import Supervisor
from feedtree.supervisors.usage import Usage
from feedtree.supervisors.verdicts import Fatal, Retryable, Shutdown, Throttled
from feedtree.supervisors.view import Counts

__all__ = [
    # the tree
    "open_supervisor",
    "Supervisor",
    "Context",
    "Handle",
    "Target",
    "Task",
    "ChildSpec",
    "SupervisorSpec",
    "Spec",
    "Restart",
    "Strategy",
    "AutoShutdown",
    "BackoffPolicy",
    "Herd",
    "grace",
    "EXIT_STUCK",
    # what an exception means
    "Retryable",
    "Throttled",
    "Fatal",
    "Shutdown",
    "Ignored",
    "Verdict",
    "Judgement",
    # names and questions
    "Registration",
    "NameTaken",
    "NameNotFound",
    "Inbox",
    "AskTimeout",
    "TargetEnded",
    # what happens
    "Node",
    "ChildState",
    "Counts",
    "Usage",
    "LoopFacts",
    "LifecycleEvent",
    "EventKind",
    "EventBus",
    "EventStream",
    "CrashReport",
    "Course",
    "Fault",
    "Frame",
    # errors
    "InvalidSpec",
    "AdminRefused",
    "ChildNotFound",
    "AlreadyStarted",
    "AlreadyPresent",
    "ChildRunning",
    "ChildRestarting",
    "NotASupervisor",
    "NotSupported",
    "TooManyChildren",
    "AccountingOff",
    "SupervisorDown",
    "CalledDuringStart",
    "StartFailed",
    "StartTimeout",
    "TaskStopped",
    "ChildFailed",
    "IntensityExceeded",
    "TreeFailed",
]
