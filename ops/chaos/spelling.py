"""From what somebody typed to a fault: ``NAME`` or ``NAME:key=value,...``, with errors that say what there is."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from feedtree.ops.chaos.fault import Fault
from feedtree.ops.config_rules import guess, shown


class WrongFault(ValueError):
    """There is no such fault, parameter or value; the message says what there is."""


def make_fault(kinds: Mapping[str, type[Fault]], name: str, parameters: Mapping[str, object]) -> Fault:
    """Make a fault.

    Args:
        kinds: those that there are.
        name: one of them.
        parameters: values of their types, or their texts.

    Raises:
        WrongFault: there is no such fault, parameter or value.
    """
    kind = kinds.get(known(name, kinds, "fault"))
    assert kind is not None
    for key in parameters:
        known(key, kind.__struct_fields__, f"{name}: parameter")
    for key, value in parameters.items():
        check(kind, name, key, value)
    try:
        return msgspec.convert(dict(parameters), kind, strict=False)
    except msgspec.ValidationError as error:  # of its own: a file that is none
        raise WrongFault(f"{name}: {error}") from error


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Take ``NAME:key=value,...`` apart.

    Raises:
        WrongFault: it is not written like that.
    """
    name, colon, rest = text.partition(":")
    parameters: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise WrongFault(f"{shown(part)} is no parameter; allowed: NAME or NAME:key=value,key=value")
        if key.strip() in parameters:
            raise WrongFault(f"{name.strip()}: {key.strip()} is given twice")
        parameters[key.strip()] = value.strip()
    return name.strip(), parameters


def known(name: str, names: Iterable[str], what: str) -> str:
    """Return a name that is one of those.

    Raises:
        WrongFault: it is none; the closest one is offered.
    """
    allowed = list(names)
    if name in allowed:
        return name
    offered = ", ".join(allowed) or "none"
    raise WrongFault(f"{what} {shown(name)} is unknown{guess(name, allowed)}; allowed: {offered}")


def check(kind: type[Struct], name: str, key: str, value: object) -> None:
    """Try one value of a parameter.

    Raises:
        WrongFault: it is not allowed; the message says what is.
    """
    schema = schema_of(kind)[key]
    try:
        made = msgspec.convert({key: value}, kind, strict=False)
    except msgspec.ValidationError as error:
        if schema.get("type") == "string" and isinstance(value, str):
            return  # what it names is judged together with the others
        raise WrongFault(
            f"{name}: {key} = {shown(value)} is not allowed; allowed: {allowed(schema)}"
        ) from error
    taken = msgspec.to_builtins(made)[key]
    if isinstance(taken, float) and not math.isfinite(taken):
        raise WrongFault(f"{name}: {key} = {shown(value)} is not allowed; allowed: {allowed(schema)}")


def schema_of(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """Return what the types say of each parameter: type, bounds, words, default, unit, description."""
    schema: dict[str, dict[str, Any]] = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return schema


def allowed(schema: Mapping[str, Any]) -> str:
    """Say in words what a parameter may be."""
    if "enum" in schema:
        return ", ".join(str(word) for word in schema["enum"])
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true, false"}.get(
        schema.get("type", ""), "a text"
    )
    of = f" of {schema['unit']}" if "unit" in schema else ""
    return f"{kind}{of}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    least, over, most = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    text = (
        f", {least:g} or more" if least is not None else f", more than {over:g}" if over is not None else ""
    )
    return f"{text}, at most {most:g}" if most is not None and most < 1e9 else text
