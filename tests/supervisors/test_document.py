"""The example of docs/supervision.md, as written."""

import re
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "supervision.md"


def block(language: str) -> str:
    """Return the only code block of that language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return str(text)


async def test_the_worked_example_prints_what_the_document_says(autojump_clock, capsys) -> None:
    """Line by line."""
    body, end, rest = block("python").partition("\ntrio.run(main)")
    assert end
    assert not rest.strip()
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(body, "example", "exec"), namespace)
    await namespace["main"]()
    printed = [line for line in capsys.readouterr().out.splitlines() if not _is_log_line(line)]
    assert printed == block("text").splitlines()


def _is_log_line(line: str) -> bool:
    return re.match(r"(\x1b\[\d+m)*\d{4}-\d\d-\d\d", line) is not None
