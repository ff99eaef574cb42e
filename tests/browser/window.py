"""A browser window with the page in it, and what a person does there."""

from itertools import count
from pathlib import Path

from attrs import frozen
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.audit import Audit
from tests.live.people import PASSWORD

_numbers = count(1)


def fresh(name: str) -> str:
    """A username that nobody has."""
    return f"{name}_{next(_numbers)}"


@frozen
class Window:
    """One person's window. ``get("composer")`` is the element with that ``data-testid``."""

    context: BrowserContext
    page: Page
    audit: Audit

    def get(self, testid: str) -> Locator:
        """The elements with this ``data-testid``."""
        return self.page.get_by_test_id(testid)

    # Coming and going.

    def sign_up(self, username: str, name: str) -> None:
        """Open an account through the form."""
        self.get("show-signup").click()
        self.get("username").fill(username)
        self.get("display-name").fill(name)
        self.get("password").fill(PASSWORD)
        self.get("signup-submit").click()
        self.be_ready()

    def log_in(self, username: str) -> None:
        """Log in through the form."""
        self.get("username").fill(username)
        self.get("password").fill(PASSWORD)
        self.get("login-submit").click()
        self.be_ready()

    def be_ready(self) -> None:
        """Wait until the page is connected and up to date."""
        expect(self.page.locator("body[data-ready]")).to_be_attached()

    def reload(self) -> None:
        """Reload the page, and wait until it is there again."""
        self.page.reload()
        self.be_ready()

    # The left side.

    def meet(self, username: str) -> None:
        """Find a person and open the conversation with them."""
        self.get("tab-people").click()
        self.get("search").fill(username)
        person = self.get(f"person-{username}")
        name = person.locator(".row-name").inner_text()
        person.click()
        # Another conversation may still be open.
        expect(self.get("conversation-title")).to_have_text(name)
        expect(self.get("composer")).to_be_visible()

    def row(self, title: str) -> Locator:
        """A conversation in the list."""
        return self.get("conversation").filter(has_text=title)

    def unread(self, title: str) -> Locator:
        """The badge of a conversation in the list."""
        return self.row(title).get_by_test_id("unread-badge")

    def preview(self, title: str) -> Locator:
        """The second line of a conversation in the list."""
        return self.row(title).get_by_test_id("preview")

    def open(self, title: str) -> None:
        """Open a conversation of the list."""
        self.row(title).click()
        expect(self.get("conversation-title")).to_have_text(title)

    def leave(self) -> None:
        """Close the open conversation."""
        self.page.keyboard.press("Escape")
        expect(self.get("composer")).to_have_count(0)

    # The conversation.

    def say(self, *texts: str) -> None:
        """Write these messages, one after the other."""
        for text in texts:
            self.get("composer").fill(text)
            self.get("composer").press("Enter")

    @property
    def bodies(self) -> Locator:
        """The texts in the timeline, in order."""
        return self.get("timeline").get_by_test_id("body")

    def message(self, text: str) -> Locator:
        """The message that reads exactly so."""
        body = self.page.get_by_test_id("body").get_by_text(text, exact=True)
        return self.get("message").filter(has=body)

    def tool(self, text: str, testid: str) -> None:
        """Use a button of a message's toolbar."""
        self.message(text).hover()
        self.message(text).get_by_test_id(testid).click()

    def attach(self, *files: Path) -> None:
        """Choose files as the dialog behind the paper clip would."""
        self.get("file-input").set_input_files(files)
