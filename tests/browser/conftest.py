"""Chromium, a server with the page, and windows on it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.audit import Audit
from tests.browser.cable import Cable
from tests.browser.window import Window
from tests.live.people import People, knowing
from tests.live.process import ServerProcess, serving
from tests.requirements import CHROMIUM

PATIENCE_MS = 15_000
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-gpu",
    "--disable-smooth-scrolling",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
)

Open = Callable[..., Window]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all; every window gets a profile of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def limits() -> Mapping[str, float]:
    """Who leaves is soon seen to have left, and nobody has to pause between messages."""
    return {"presence_grace_s": 1.0, "presence_interval_s": 0.5, "sends": 1_000}


@pytest.fixture(scope="package")
def server(
    tmp_path_factory: pytest.TempPathFactory, limits: Mapping[str, float]
) -> Iterator[ServerProcess]:
    """The server behind every window, unless a test takes one of its own."""
    with serving(tmp_path_factory.mktemp("server"), **limits) as started:
        yield started


@pytest.fixture(scope="package")
def people(server: ServerProcess) -> Iterator[People]:
    """Registers people who talk without a browser."""
    yield from knowing(server.url)


@pytest.fixture
def cable(server: ServerProcess) -> Iterator[Cable]:
    """A way to the server that can be cut."""
    with Cable(server.port) as cable:
        yield cable


@pytest.fixture
def window(chromium: Browser, server: ServerProcess) -> Iterator[Open]:
    """Opens windows: ``window()``, ``window(cable.url)``, ``window(viewport=…)``.

    Whatever a page does that none should is an error of its test.
    """
    audits = []
    with ExitStack() as stack:

        def opened(url: str = server.url, **options: Any) -> Window:
            context = chromium.new_context(locale="en-GB", reduced_motion="reduce", **options)
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            audits.append(audit := Audit(urlsplit(url).netloc))
            audit.watch(context)
            page = context.new_page()
            page.goto(url)
            return Window(context, page, audit)

        yield opened
    assert [complaint for audit in audits for complaint in audit.found] == []
