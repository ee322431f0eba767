"""What is shipped: the wheel's contents, and both ways of installing."""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"actors", "supervisors", "exchanges", "ops"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    """The files of a freshly built wheel."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return [PurePosixPath(name) for name in zipfile.ZipFile(path).namelist()]


def test_the_wheel_holds_exactly_the_four_packages(wheel: list[PurePosixPath]) -> None:
    """Under `feedtree/` and nowhere else, with a type marker each, and no namespace __init__."""
    tops = {path.parts[0] for path in wheel if not path.parts[0].endswith(".dist-info")}
    assert tops == {"feedtree"}
    assert {path.parts[1] for path in wheel if path.parts[0] == "feedtree"} == PACKAGES
    assert {PurePosixPath("feedtree", name, "py.typed") for name in PACKAGES} <= set(wheel)
    assert PurePosixPath("feedtree/__init__.py") not in wheel


def test_every_module_of_the_tree_is_in_the_wheel(wheel: list[PurePosixPath]) -> None:
    """A new folder cannot be forgotten."""
    here = {
        PurePosixPath("feedtree", *path.relative_to(ROOT).parts)
        for name in PACKAGES
        for path in (ROOT / name).rglob("*.py")
    }
    assert here <= set(wheel)


def test_the_editable_install_imports_everything_that_an_app_needs() -> None:
    """In a fresh interpreter, from another folder."""
    code = (
        "import feedtree.ops, feedtree.exchanges\n"
        "for module in (feedtree.ops, feedtree.exchanges):\n"
        "    for name in module.__all__:\n"
        "        getattr(module, name)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd="/", check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Lazy names behave as names."""
    import feedtree.exchanges
    import feedtree.ops

    for module in (feedtree.ops, feedtree.exchanges):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = module.nothing
