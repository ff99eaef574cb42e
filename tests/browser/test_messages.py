"""What can be done with a message, seen from both ends."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import Window, fresh
from tests.live.people import People

pytestmark = pytest.mark.browser


@pytest.fixture
def alice_and_bob(window: Open, people: People) -> tuple[Window, Window]:
    """Two windows, with the conversation of the two open in both."""
    [ben] = people("bob")
    alice, bob = window(), window()
    a = fresh("alice")
    alice.sign_up(a, "Alice")
    alice.meet(ben.username)
    bob.log_in(ben.username)
    bob.meet(a)
    return alice, bob


def test_editing_and_deleting(alice_and_bob: tuple[Window, Window]) -> None:
    """An edit shows at both ends; deleting takes a message from everyone, or from oneself alone."""
    alice, bob = alice_and_bob
    alice.say("Helo", "A secret", "Just for Bob")
    expect(bob.bodies).to_have_text(["Helo", "A secret", "Just for Bob"])
    alice.tool("Helo", "edit-button")
    expect(alice.get("composer")).to_have_value("Helo")
    alice.say("Hello")
    for one in (alice, bob):
        expect(one.message("Hello").get_by_test_id("edited")).to_be_visible()
        expect(one.message("Helo")).to_have_count(0)
    alice.tool("A secret", "delete-button")
    alice.get("delete-everyone").click()
    alice.get("confirm").click()
    for one in (alice, bob):
        expect(one.message("A secret")).to_have_count(0)
        expect(one.message("This message was deleted")).to_be_visible()
    alice.tool("Just for Bob", "delete-button")
    alice.get("delete-me").click()
    expect(alice.bodies).to_have_text(["Hello", "This message was deleted"])
    expect(alice.preview("Bob")).to_have_text("Message deleted")
    expect(bob.message("Just for Bob")).to_be_visible()
    bob.tool("Just for Bob", "delete-button")
    expect(bob.get("delete-me")).to_be_visible()
    expect(bob.get("delete-everyone")).to_have_count(0)
    alice.reload()
    expect(alice.bodies).to_have_text(["Hello", "This message was deleted"])


def test_replies_and_reactions(alice_and_bob: tuple[Window, Window]) -> None:
    """A reply quotes what it answers, as that is now; reactions count, and can be taken back."""
    alice, bob = alice_and_bob
    alice.say("Tea or cofee?")
    bob.tool("Tea or cofee?", "reply-button")
    bob.say("Tea, please")
    answer = alice.message("Tea, please")
    expect(answer.get_by_test_id("quote")).to_contain_text("Tea or cofee?")
    alice.tool("Tea or cofee?", "edit-button")
    alice.say("Tea or coffee?")
    for one in (alice, bob):
        quote = one.message("Tea, please").get_by_test_id("quote")
        expect(quote).to_contain_text("Tea or coffee?")
    alice.tool("Tea, please", "react-button")
    alice.page.locator('[data-testid=reaction-choice][data-key="🎉"]').click()
    mine, theirs = (one.message("Tea, please").get_by_test_id("reaction") for one in (alice, bob))
    expect(mine).to_have_text("🎉1")
    expect(mine).to_have_attribute("aria-pressed", "true")
    expect(theirs).to_have_text("🎉1")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    theirs.click()
    for chip in (mine, theirs):
        expect(chip).to_have_text("🎉2")
        expect(chip).to_have_attribute("aria-pressed", "true")
    mine.click()
    expect(theirs).to_have_text("🎉1")
    theirs.click()
    expect(mine).to_have_count(0)
    expect(theirs).to_have_count(0)
    bob.get("quote").click()
    expect(bob.message("Tea or coffee?")).to_be_focused()
