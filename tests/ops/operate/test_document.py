"""docs/operating.md: its commands print what it shows, and its examples run."""

import re
import time
from pathlib import Path
from typing import Any

import structlog
import trio

from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.inspect.client import running_apps
from feedtree.ops.sim_control import open_control
from tests.ops.operate.beside import Run

TEXT = (Path(__file__).parents[3] / "docs" / "operating.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STREAM = "public/gateio.spot/shard-1"


def transcripts() -> list[tuple[list[str], list[str]]]:
    """Each command line, and what the document shows of its output."""
    found: list[tuple[list[str], list[str]]] = []
    for language, text in BLOCK.findall(TEXT):
        if language == "console":
            for part in text.split("$ feedtree ")[1:]:
                command, *shown = part.splitlines()
                found.append((command.split(), shown))
    return found


def python_blocks() -> list[str]:
    return [text for language, text in BLOCK.findall(TEXT) if language == "python"]


def words(line: str) -> str:
    return " ".join(line.split())


def steady(shown: list[str]) -> list[str]:
    """Return the lines of an output that are the same each time: without figures, and not cut."""
    return [words(line) for line in shown if line.strip() and not re.search(r"[0-9…]", line)]


def is_within(words: list[str], line: list[str]) -> bool:
    """Tell whether a line has these words, in order; a pipe has columns that a terminal of 80 has no room for."""
    found = iter(line)
    return all(word in found for word in words)


async def _reset(url: str) -> None:
    async with open_control(url) as control:
        for venue in ("gateio.spot", "mexc.spot"):
            await control.fault(venue, "reset")


def break_streams(ran: Run) -> None:
    """Reset every connection once, and wait until all is well."""
    said: Any = ran.json("show", STREAM)
    trio.run(_reset, f"http://{said['streams'][0]['address']}/_sim")
    while not ran("crashes")[1].count("ConnectionLost") or ran("health")[0]:
        time.sleep(0.1)


def test_every_command_prints_what_the_document_shows(ran: Run) -> None:
    """Heads, names and sentences; figures differ."""
    break_streams(ran)
    for tokens, shown in transcripts():
        code, out, err = ran(*tokens)
        assert code == 0, (tokens, out, err)
        if tokens[0] == "dump":  # what it shows is a loop that is stuck: see test_dump.py
            continue
        said = [line.split() for line in (out + err).splitlines()]
        for line in steady(shown):
            assert any(is_within(line.split(), each) for each in said), (tokens, line)


def test_the_document_shows_every_command() -> None:
    """None is left out but those that have no transcript: a screen, a script for a shell."""
    from feedtree.ops.cli import app as command_line

    shown = {tokens[0] for tokens, _ in transcripts()}
    every = {name for name in command_line if not name.startswith("-") and command_line[name].show}
    assert every - shown == {"run", "sim", "chaos", "top", "completion"}
    assert "feedtree top" in TEXT
    assert "completion bash" in words(TEXT)


async def test_the_app_of_the_document_is_found(monkeypatch: Any, tmp_path: Path) -> None:
    """It serves itself under its name."""
    monkeypatch.setattr("feedtree.ops.app.TcpNetwork", MemoryNetwork)
    body, end, _ = python_blocks()[0].partition("\ntrio.run(main)")
    assert end
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(body, "example", "exec"), namespace)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(namespace["main"])
            while "trader" not in [app.name for app in running_apps()]:  # noqa: ASYNC110
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()


def test_an_app_can_add_the_redaction(capsys: Any) -> None:
    """What is rendered goes through it."""
    before = structlog.get_config()
    try:
        exec(compile(python_blocks()[1], "example", "exec"), {})
        structlog.get_logger().info("asked", url="/x?signature=0123456789abcdef&symbol=BTC")
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().out
    assert "0123456789abcdef" not in said
    assert "symbol=BTC" in said
