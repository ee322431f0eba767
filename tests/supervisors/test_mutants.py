"""The mutants fit the sources and the rows; one of them is run for real."""

import importlib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script beside this file."""
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("mutants")


def test_every_mutant_fits_the_sources_and_the_rows(mutants) -> None:
    """Its text stands in its file exactly once, the change is still a program, and its row has tests."""
    every, found = mutants.mutants(), mutants.tests_of_rows()
    assert len({each.name for each in every}) == len(every) >= 100
    for each in every:
        text = (mutants.ROOT / mutants.PACKAGE / each.file).read_text()
        assert text.count(each.old) == 1, each
        assert each.old != each.new, each
        compile(text.replace(each.old, each.new), each.name, "exec")
        assert found.get(each.row), each


def test_a_mutant_that_does_not_fit_is_refused_by_name(mutants, tmp_path) -> None:
    """Nothing is run then that could be taken for a kill."""
    (tmp_path / "plan.py").write_text("twice twice")
    for old in ("twice", "nowhere"):
        with pytest.raises(mutants.Misfit, match="no fit"):
            mutants.Mutant("no fit", "SUP-001", "plan.py", old, "").apply(tmp_path)


def test_a_mutant_is_killed_and_a_change_that_breaks_nothing_survives(mutants) -> None:
    """Both are run as the script does it."""
    (lethal,) = (each for each in mutants.mutants() if each.name == "the-end-of-the-window-is-exclusive")
    harmless = mutants.Mutant("harmless", lethal.row, lethal.file, "Pure: times", "Times")
    nodes = mutants.tests_of_rows()[lethal.row]
    assert [mutants.meet(each, nodes)[0] for each in (lethal, harmless)] == ["killed", "SURVIVED"]


def test_an_overlay_is_what_is_imported(mutants) -> None:
    """Before whatever is installed."""
    with mutants.overlay() as folder:
        assert mutants.imported_from(folder).is_relative_to(folder)
