"""Tables fit a terminal, and are whole in a pipe."""

import re

from feedtree.ops.operate.tables import Column, plain, rendered

COLUMNS = (Column("name"), Column("n", right=True), Column("state", states=True), Column("why", last=True))
ROWS = [("a", "1", "live", "x" * 200), ("long name", "1,000", "failed", "")]


def test_a_pipe_gets_every_character_in_columns() -> None:
    """Numbers stand at the right; nothing is cut."""
    assert plain(COLUMNS, ROWS) == [
        "name           n  state   why",
        f"a              1  live    {'x' * 200}",
        "long name  1,000  failed",
    ]


def test_a_column_without_content_is_left_out() -> None:
    """A table without rows is its head; one without names has no head."""
    assert plain(COLUMNS, [("a", "", "", "")]) == ["name", "a"]
    assert plain((Column(""), Column("")), [("a", "b")]) == ["a  b"]


def test_a_terminal_is_never_overrun() -> None:
    """The last column gives way; states have their colours."""
    for width in (24, 30, 40, 80, 300):
        lines = rendered(COLUMNS, ROWS, width)
        bare = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
        assert [line.split()[0] for line in bare] == ["name", "a", "long"]
        assert max(map(len, bare)) <= width
        assert ("…" in bare[1]) == (40 <= width < 200)
        if width >= 30:
            assert "\x1b[32mlive" in lines[1]
            assert "\x1b[1;31mfailed" in lines[2]
