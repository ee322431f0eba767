"""What is shipped: the wheel's contents, and both ways of installing."""

import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"actors", "supervisors", "exchanges", "ops"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A freshly built wheel."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel(archive: zipfile.ZipFile) -> list[PurePosixPath]:
    """The files of the wheel."""
    return [PurePosixPath(name) for name in archive.namelist()]


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


def test_the_wheel_registers_the_pytest_plugin_and_does_not_require_pytest(archive: zipfile.ZipFile) -> None:
    """Its module is there; pytest comes with the extra alone."""

    def file(name: str) -> str:
        (path,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
        return archive.read(path).decode()

    section = file("entry_points.txt").partition("[pytest11]\n")[2].partition("\n\n")[0]
    name, _, module = section.strip().partition(" = ")
    assert name == "feedtree"
    assert f"{module.replace('.', '/')}.py" in archive.namelist()
    assert {"simulated_exchange", "chaos"} == import_module(module).FIXTURES
    requires = [line for line in file("METADATA").splitlines() if line.startswith("Requires-Dist: pytest")]
    assert [line for line in requires if "extra ==" not in line] == []
    assert [line for line in requires if "extra == 'pytest'" in line]


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
    import feedtree.ops.chaos.testing

    for module in (feedtree.ops, feedtree.exchanges, feedtree.ops.chaos.testing):
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = module.nothing
