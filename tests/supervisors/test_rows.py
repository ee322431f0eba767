"""The checklist is shown whole: every row that is due has a test, and the document says which."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("rows", Path(__file__).with_name("rows.py"))
assert _spec is not None
rows = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rows)


def test_every_row_that_is_due_has_a_test() -> None:
    """None of them is skipped; each of the others has a test, or a line that says why not."""
    found = rows.tests_of_rows()
    known = rows.rows()
    assert [each.id for each in known] == [f"SUP-{number:03}" for number in range(1, 121)]
    assert [each.id for each in known if each.due and (each.id not in found or each.skipped)] == []
    assert [each.id for each in known if (each.id in found) == bool(each.skipped)] == []


def test_every_marker_names_a_row() -> None:
    """A typo would show nothing."""
    assert set(rows.tests_of_rows()) <= {each.id for each in rows.rows()}


def test_the_document_shows_the_table_as_it_is() -> None:
    """Where this fails: make rows."""
    text = rows.DOCUMENT.read_text()
    assert rows.document(text) == text
