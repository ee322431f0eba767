"""A script: which fault works at what time, for how long, and on which connections.

A file is TOML: a table ``[[fault]]`` for each step, with its name, the fault's parameters, and those of `Timing`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from feedtree.ops.chaos.fault import Fault, Scope, Seconds, says
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.spelling import WrongFault, check, known, make_fault, parse, schema_of


class Timing(Struct, frozen=True, kw_only=True, rename={"lasting": "for"}):
    """What can be said of every fault of connections, beside its own parameters."""

    at: Annotated[Seconds, says("when it begins")] = 0.0
    lasting: Annotated[Seconds, says("how long it works; 0: to the end")] = 0.0
    on: Annotated[
        Literal["default", "open", "new", "all"],
        says(
            "the connections that it meets: open ones, new ones, or all; default: what the fault itself says"
        ),
    ] = "default"
    count: Annotated[int, Meta(ge=0), says("so many new connections at most; 0: any number")] = 0


class Step(Struct, frozen=True):
    """One fault and its time.

    Args:
        name: the fault's.
        fault: what it does.
        timing: when, and on which connections.
    """

    name: str
    fault: Fault
    timing: Timing = Timing()

    @property
    def seconds(self) -> float:
        """How long it works; infinity is to the end."""
        return self.timing.lasting or inf

    @property
    def on(self) -> Scope | None:
        """Which connections it meets; None leaves it to the fault."""
        return None if self.timing.on == "default" else self.timing.on


class Script(Struct, frozen=True):
    """Steps, each at its own time."""

    steps: tuple[Step, ...] = ()


def make_step(name: str, values: Mapping[str, object], *, otherwise: Timing = Timing()) -> Step:  # noqa: B008
    """Make a step of a fault's name and of all that is said of it.

    Args:
        name: the fault's.
        values: its parameters and those of `Timing`, of their types or as texts.
        otherwise: the timing where nothing is said.

    Raises:
        WrongFault: something is unknown or not allowed; the message says what there is.
    """
    kind = PROXY_FAULTS[known(name, PROXY_FAULTS, "fault")]
    own, timings = kind.__struct_fields__, tuple(schema_of(Timing))
    timed: dict[str, object] = msgspec.to_builtins(otherwise)
    parameters: dict[str, object] = {}
    for key, value in values.items():
        if known(key, (*own, *timings), f"{name}: parameter") in own:
            parameters[key] = value
        else:
            check(Timing, name, key, value)
            timed[key] = value
    return Step(
        name, make_fault(PROXY_FAULTS, name, parameters), msgspec.convert(timed, Timing, strict=False)
    )


def parse_script(texts: Iterable[str], *, otherwise: Timing = Timing()) -> Script:  # noqa: B008
    """Make a script of texts like ``black_hole:direction=down,at=2,for=5``.

    Raises:
        WrongFault: one of them is wrong.
    """
    return Script(tuple(make_step(*parse(text), otherwise=otherwise) for text in texts))


def load_script(path: Path, *, otherwise: Timing = Timing()) -> Script:  # noqa: B008
    """Read a script from a TOML file; ``otherwise`` is the timing where a step says nothing.

    Raises:
        WrongFault: the file cannot be read, or something in it is wrong; the message says where.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise WrongFault(f"{path}: line {line} is not UTF-8; allowed: TOML, a text in UTF-8") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WrongFault(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    for key in content:
        if key != "fault":
            known(key, ["fault"], f"{path}: table")
    tables = content.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise WrongFault(f"{path}: fault is no list of tables; allowed: [[fault]] for each of them")
    return Script(
        tuple(_step_of(path, number, table, otherwise=otherwise) for number, table in enumerate(tables))
    )


def _step_of(path: Path, number: int, table: Mapping[str, object], *, otherwise: Timing) -> Step:
    values = dict(table)
    name = values.pop("name", None)
    if not isinstance(name, str):
        raise WrongFault(f"{path}: fault[{number}]: name is missing; allowed: {', '.join(PROXY_FAULTS)}")
    try:
        return make_step(name, values, otherwise=otherwise)
    except WrongFault as error:
        raise WrongFault(f"{path}: fault[{number}]: {error}") from error
