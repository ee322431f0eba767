"""docs/chaos.md: its catalogue is the code's, and its example prints what it says."""

import re
import tomllib
from typing import Any

import pytest

from feedtree.ops.chaos.page import PAGE, written
from feedtree.ops.chaos.script import make_step, parse_script


def blocks(language: str) -> list[str]:
    """Return the code blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def block(language: str) -> str:
    """Return the first of them."""
    return blocks(language)[0]


def test_the_catalogue_is_that_of_the_code() -> None:
    """Where this fails: make chaos-page."""
    assert written(PAGE.read_text()) == PAGE.read_text()


def test_the_example_prints_what_the_page_says(capsys) -> None:
    """Line by line, under its own clock."""
    exec(compile(block("python"), "example", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.splitlines() == block("text").splitlines()


def test_the_tests_of_the_page_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As written, under the plugin: over sockets, and in memory."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "pytest_trio.plugin", "-p", "feedtree.ops.chaos.testing.plugin")
    pytester.makeini("[pytest]\ntrio_mode = true")
    _, tests = blocks("python")
    pytester.makepyfile(tests)
    pytester.runpytest_subprocess(*plugins, timeout=120).assert_outcomes(passed=2)


def test_the_scripts_of_the_page_are_scripts() -> None:
    """The file, and the faults of the command."""
    steps: list[dict[str, Any]] = tomllib.loads(block("toml"))["fault"]
    assert [make_step(step.pop("name"), step).name for step in steps] == ["away", "corrupt"]
    faults = re.findall(r"--fault (\S+)", block("sh"))
    assert [step.name for step in parse_script(faults).steps] == ["black_hole", "latency"]
