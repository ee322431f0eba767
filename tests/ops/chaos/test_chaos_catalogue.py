"""One catalogue: what the proxy, the names and the simulated exchanges can do, each read from where it is made."""

import json

import pytest

from feedtree.ops.chaos import catalogue_lines
from feedtree.ops.chaos.catalogue import PLACES, catalogue
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.names import NAME_FAULTS
from feedtree.ops.cli import command
from feedtree.ops.sim import faults as simulated
from feedtree.ops.sim.switchboard import KINDS, SwitchBoard


def names(place: str) -> list[str]:
    return [entry.name for entry in catalogue() if entry.place == place]


def test_every_fault_is_listed() -> None:
    """None is forgotten, wherever it is added."""
    assert {entry.place for entry in catalogue()} == set(PLACES)
    assert names("proxy") == list(PROXY_FAULTS)
    assert names("names") == list(NAME_FAULTS)
    assert names("exchange") == list(simulated.KINDS)
    listed = {(venue, entry.name) for entry in catalogue() for venue in entry.venues}
    assert listed == {(venue, each["name"]) for venue in KINDS for each in SwitchBoard().listing(venue)}


def test_every_entry_says_what_it_does() -> None:
    """A line, and for each parameter what it may be and what it means."""
    for entry in catalogue():
        assert entry.what
        assert "\n" not in entry.what
        assert all(parameter.allowed for parameter in entry.parameters)
        assert entry.place == "switch" or all(parameter.what for parameter in entry.parameters), entry


def test_parameters_of_a_simulated_fault_are_those_that_its_line_names() -> None:
    """Its document is the one place where they are written."""
    found = {
        entry.name: [each.name for each in entry.parameters]
        for entry in catalogue()
        if entry.place == "exchange"
    }
    assert found["gap"] == ["count", "symbol"]
    assert found["blackhole"] == ["seconds"]
    assert found["reset"] == []


def test_a_pipe_gets_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Place, name, parameters, meaning, between tabs."""
    assert command(["chaos", "faults"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(place, name) for place, name, _, _ in lines] == [(each.place, each.name) for each in catalogue()]
    told = {name: parameters for place, name, parameters, _ in lines if place == "proxy"}
    assert told["latency"] == "delay=0.1s jitter=0s direction=both"


def test_json_has_types_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    assert command(["chaos", "faults", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    (latency,) = (each for each in entries if each["name"] == "latency")
    assert latency["parameters"][0] == {
        "name": "delay",
        "allowed": "a number of s, 0 or more",
        "default": 0.1,
        "what": "at least",
        "unit": "s",
    }


def test_a_terminal_gets_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One for each place."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert command(["chaos", "faults"]) == 0
    shown = capsys.readouterr().out
    for title in PLACES.values():
        assert title.partition(":")[0] in shown
    for entry in catalogue():
        assert entry.name in shown
    assert catalogue_lines.tables(catalogue()).count("each also") == 1
