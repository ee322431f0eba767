"""Running command lines beside an app."""

import json

import pytest

from feedtree.ops.cli import command


class Run:
    """Runs command lines in this process: exit code, stdout, stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *tokens: str) -> tuple[int, str, str]:
        code = command(tokens)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *tokens: str) -> object:
        code, out, err = self(*tokens, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)
