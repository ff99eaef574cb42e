"""A group of three, and what its list shows of it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import fresh
from tests.live.people import People

pytestmark = pytest.mark.browser


def test_three_people_in_a_group(window: Open, people: People) -> None:
    """Made, written in by all, counted, renamed, and left: each of the three sees the same."""
    ben, cleo = people("bob", "cleo")
    alice, bob, third = window(), window(), window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    bob.log_in(ben.username)
    third.log_in(cleo.username)
    alice.get("tab-people").click()
    alice.get("new-group").click()
    alice.get("group-title").fill("Picnic")
    for one in (ben, cleo):
        alice.get("picker-search").fill(one.username)
        alice.get("new-group-dialog").get_by_test_id(f"person-{one.username}").click()
    alice.get("create-group").click()
    expect(alice.get("member-count")).to_have_text("3 members")
    alice.say("Sunday?", "At noon?")
    for one in (bob, third):
        expect(one.unread("Picnic")).to_have_text("2")
        expect(one.preview("Picnic")).to_have_text("Alice: At noon?")
    bob.open("Picnic")
    expect(bob.unread("Picnic")).to_be_hidden()
    expect(bob.get("new-separator")).to_be_visible()
    bob.say("Noon it is")
    expect(third.unread("Picnic")).to_have_text("3")
    expect(third.preview("Picnic")).to_have_text("Bob: Noon it is")
    expect(alice.message("At noon?")).to_have_attribute("data-status", "delivered")
    third.open("Picnic")
    expect(alice.message("At noon?")).to_have_attribute("data-status", "read")
    for one in (alice, bob, third):
        expect(one.bodies).to_have_text(["Sunday?", "At noon?", "Noon it is"])
    alice.get("details").click()
    expect(alice.get("member-list").get_by_test_id("member")).to_have_count(3)
    expect(alice.get("role")).to_have_text(["owner", "", ""])
    alice.get("rename-title").fill("Picnic by the lake")
    alice.get("rename-title").press("Enter")
    for one in (bob, third):
        expect(one.get("conversation-title")).to_have_text("Picnic by the lake")
    third.get("details").click()
    third.get("leave-group").click()
    third.get("confirm").click()
    expect(third.get("conversation")).to_have_count(0)
    expect(third.get("composer")).to_have_count(0)
    for one in (alice, bob):
        expect(one.get("member-count")).to_have_text("2 members")
    bob.say("Just us then")
    expect(alice.message("Just us then")).to_be_visible()
    expect(third.get("conversation")).to_have_count(0)
