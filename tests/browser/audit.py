"""What no page may do while it is watched: complain, break its policy, or ask another host."""

import re
from urllib.parse import urlsplit

from attrs import define, field
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, WebSocket

REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy: ${event.violatedDirective} refuses ${event.blockedURI}`))"""

UNREACHABLE = re.compile(
    r"WebSocket connection to '\S+' failed|net::ERR_(INTERNET_DISCONNECTED|CONNECTION_\w+|FAILED)"
)
"""What the browser itself says of a server that is out of reach; no page can prevent it."""


@define(slots=False)  # playwright keeps its wrappers of bound methods on the object
class Audit:
    """Watches the pages of a context."""

    host: str
    """The only host and port that they may talk to."""
    found: list[str] = field(factory=list)
    """What was wrong, in words."""
    allowed: list[re.Pattern[str]] = field(factory=list)
    """Complaints that the test provokes on purpose."""

    def watch(self, context: BrowserContext) -> None:
        """Watch all that happens from here on."""
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("page", self._page)

    def allow(self, complaint: re.Pattern[str]) -> None:
        """Expect such a complaint."""
        self.allowed.append(complaint)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"{message.type}: {message.text} {message.location}")

    def _error(self, error: WebError) -> None:
        self._note(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        self._visit(request.url)

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        self._visit(socket.url)

    def _visit(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data") and parts.netloc != self.host:
            self._note(f"a request to {url}")

    def _note(self, what: str) -> None:
        if not any(pattern.search(what) for pattern in self.allowed):
            self.found.append(what)
