"""What is in the wheel: the library, and the demo under a name of its own."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(wheel) as file:
        return set(file.namelist())


def test_the_wheel_has_every_module(names: set[str]) -> None:
    """Whatever lies under src is in it, types, migrations and all."""
    sources = ROOT / "src"
    modules = {str(file.relative_to(sources)) for file in sources.rglob("*.py")}
    assert modules | {"chatcore/py.typed"} <= names


def test_the_wheel_has_the_demo(names: set[str]) -> None:
    """The example and its whole page come along; what tests them doesn't."""
    page = ROOT / "examples" / "web"
    files = {file.relative_to(page) for file in page.rglob("*") if file.is_file()}
    wanted = {file for file in files if file.parts[0] not in ("test", "package.json")}
    brought = {name for name in names if name.startswith("chatcore/_demo/")}
    assert brought == {
        "chatcore/_demo/starlette_app.py",
        *(f"chatcore/_demo/web/{file.as_posix()}" for file in wanted),
    }
    assert "chatcore/_demo/web/index.html" in brought


def test_the_wheel_puts_nothing_beside_the_package(names: set[str]) -> None:
    """Neither tests, examples nor benchmarks become packages of their own."""
    assert {name.split("/")[0].split("-")[0] for name in names} == {"chatcore"}
