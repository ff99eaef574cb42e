"""The guide's programs run: each page from top to bottom, on an engine and people of its own."""

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from chatcore.engine import ChatEngine
from tests.people import People
from tests.test_docs import DOCS, blocks

PAGES = sorted(page for page in (DOCS / "guide").glob("*.md") if page.stem != "index")


async def _run(program: str, name: str, names: dict[str, Any]) -> None:
    """A program that may await at its top level."""
    code = compile(program, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = eval(code, names)
    if inspect.isawaitable(waiting):
        await waiting


@pytest.mark.anyio
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_a_page_of_the_guide_runs(
    page: Path, engine: ChatEngine, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every program of a page works on what the ones before it left."""
    monkeypatch.chdir(tmp_path)
    ana, ben, cem = await people("ana", "ben", "cem")
    group = await people.group(ana, ben, cem)
    talk = await people.direct(ana, ben)
    names = {
        "engine": engine, "ana": ana, "ben": ben, "cem": cem, "group": group, "talk": talk,
        "__name__": "__main__",
    }  # fmt: skip
    for number, block in enumerate(blocks(page)):
        if block.language == "python":
            await _run(block.text, f"{page.name}, block {number}", names)
