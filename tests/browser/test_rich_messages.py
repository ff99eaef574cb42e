"""What else a message can be, and what else can be done with one."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import fresh
from tests.live.people import People

pytestmark = pytest.mark.browser


def test_polls_and_threads(window: Open, people: People) -> None:
    """Two vote and see each other's votes; a reply in a thread shows on both sides, and counts."""
    (ben,) = people("bob")
    alice, bob = window(), window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    bob.log_in(ben.username)
    alice.meet(ben.username)
    alice.say("Lunch?")
    alice.get("new-poll").click()
    alice.get("poll-question").fill("Where to?")
    for number, place in enumerate(("Harbour", "Market")):
        alice.get("poll-new-option").nth(number).fill(place)
    alice.get("send-poll").click()
    bob.open("Alice Arden")
    harbour, market = (bob.get("poll-option").nth(place) for place in (0, 1))
    harbour.click()
    expect(harbour).to_have_attribute("aria-pressed", "true")
    expect(alice.get("poll-option").nth(0)).to_contain_text("1")
    market.click()
    expect(harbour).to_have_attribute("aria-pressed", "false")
    alice.get("poll-option").nth(1).click()
    expect(market).to_contain_text("2")
    bob.reload()
    expect(bob.get("poll-option").nth(1)).to_have_attribute("aria-pressed", "true")

    bob.tool("Lunch?", "more-button")
    bob.get("thread-button").click()
    bob.get("thread-composer").fill("At one?")
    bob.get("thread-composer").press("Enter")
    expect(bob.get("thread").get_by_test_id("body")).to_have_text(["Lunch?", "At one?"])
    expect(alice.get("thread-chip")).to_have_text("1 reply")
    alice.get("thread-chip").click()
    expect(alice.get("thread").get_by_test_id("body")).to_have_text(["Lunch?", "At one?"])
    alice.get("thread-composer").fill("Fine")
    alice.get("thread-send").click()
    expect(bob.get("thread").get_by_test_id("body")).to_have_text(["Lunch?", "At one?", "Fine"])


def test_finding_keeping_and_passing_on(window: Open, people: People) -> None:
    """A message is found by a word, bookmarked, pinned, forwarded, and reported."""
    ben, cleo = people("bob", "cleo")
    alice = window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    alice.meet(cleo.username)
    alice.say("hello")
    alice.meet(ben.username)
    alice.say("The zebra crossing is broken", "Never mind")
    expect(alice.message("Never mind")).to_have_attribute("data-status", "sent")
    alice.tool("The zebra crossing is broken", "more-button")
    alice.get("bookmark-button").click()
    alice.tool("The zebra crossing is broken", "more-button")
    alice.get("pin-button").click()
    expect(alice.get("pinned")).to_be_visible()
    alice.tool("The zebra crossing is broken", "more-button")
    alice.get("forward-button").click()
    alice.get("forward-to").filter(has_text="Cleo").click()
    alice.get("forward-send").click()
    expect(alice.preview("Cleo")).to_have_text("The zebra crossing is broken")
    alice.open("Cleo")
    expect(alice.get("forwarded")).to_be_visible()
    alice.leave()
    alice.get("search").fill("zebra")
    expect(alice.get("found-message")).to_have_count(2)
    alice.get("found-message").filter(has_text="Bob").click()
    expect(alice.get("conversation-title")).to_have_text("Bob")
    alice.get("tab-people").click()
    alice.get("open-bookmarks").click()
    expect(alice.get("bookmark")).to_contain_text("zebra")
    alice.get("remove-bookmark").click()
    expect(alice.get("bookmark")).to_have_count(0)
    alice.get("dialog-close").click()


def test_a_report(window: Open, people: People) -> None:
    """Another's message can be reported; one's own can't."""
    (ben,) = people("bob")
    alice, bob = window(), window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    bob.log_in(ben.username)
    alice.meet(ben.username)
    alice.say("Buy now")
    alice.tool("Buy now", "more-button")
    expect(alice.get("report-button")).to_have_count(0)
    bob.open("Alice Arden")
    bob.tool("Buy now", "more-button")
    bob.get("report-button").click()
    bob.get("report-reason").select_option("spam")
    bob.get("send-report").click()
    expect(bob.get("note")).to_contain_text("Thank you")
