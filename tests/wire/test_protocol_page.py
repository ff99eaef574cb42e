"""The protocol's reference page, as the documentation makes it at every build."""

import re
import runpy
from pathlib import Path

import attrs
import pytest

from chatcore.config import Limits
from chatcore.events import event_types
from chatcore.operations import specs
from chatcore.wire.problems import RPC_CODE, STATUS
from chatcore.wire.routes import ROUTES
from chatcore.wire.session import METHODS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def page() -> str:
    """The page's text."""
    made = runpy.run_path(str(DOCS / "generate_protocol.py"))["page"]()
    assert isinstance(made, str)
    return made


def test_everything_is_on_it(page: str) -> None:
    """Every operation with a route, event, error and limit; nothing for the host's code alone."""
    headings = set(re.findall(r"^### (\S+)$", page, re.MULTILINE))
    asked = {spec.method for spec in specs()} & {route.name for route in ROUTES}
    assert asked | set(METHODS) <= headings
    assert {one for one in headings if "." in one} == asked | set(METHODS)
    for route in ROUTES:
        assert f"`{route.method} {route.path}`" in page
    for name in event_types():
        assert f"| `{name}` |" in page
    for code in STATUS:
        assert f"| `{code}` | {STATUS[code]} | {RPC_CODE[code]} |" in page
    for name, value in attrs.asdict(Limits()).items():
        assert f"| `{name}` | {value:,} |" in page


def test_links_lead_somewhere(page: str) -> None:
    """Every object that is named is described once."""
    targets = re.findall(r"^\((\S+)\)=$", page, re.MULTILINE)
    assert len(set(targets)) == len(targets)
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(targets)


def test_tables_are_whole(page: str) -> None:
    """Every row has as many cells as its head."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", row) for row in table.splitlines()]
        assert len({len(row) for row in rows}) == 1, rows[0]
        assert len(rows) > 2


def test_the_documentation_makes_it() -> None:
    """The build runs the generator, and what it makes isn't kept."""
    assert "generate_protocol.py" in (DOCS / "conf.py").read_text()
    assert "protocol.md" in (DOCS / ".gitignore").read_text().splitlines()
