"""What one arranges for oneself: pins, mutes, archive, drafts, an empty start."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import Window, fresh
from tests.live.people import People

pytestmark = pytest.mark.browser


def choose(window: Window, title: str, item: str) -> None:
    """Use the menu of a conversation in the list."""
    window.row(title).hover()
    row = window.page.locator(".row-item").filter(has=window.row(title))
    row.get_by_test_id("conversation-more").click()
    window.get(item).click()


def test_a_list_of_ones_own(window: Open, people: People) -> None:
    """Pinned stays on top, archived is put away, unread is marked, muted says so; drafts wait."""
    ben, cleo = people("bob", "cleo")
    alice = window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    alice.meet(ben.username)
    alice.say("first")
    alice.meet(cleo.username)
    alice.say("second")
    titles = alice.get("conversation").locator(".row-name")
    expect(titles).to_have_text(["Cleo", "Bob"])
    choose(alice, "Bob", "toggle-pin")
    expect(titles).to_have_text(["Bob", "Cleo"])
    choose(alice, "Bob", "mute")
    expect(alice.row("Bob").get_by_label("Muted")).to_be_visible()
    choose(alice, "Cleo", "toggle-archive")
    expect(titles).to_have_text(["Bob"])
    alice.get("show-archived").click()
    expect(titles).to_have_text(["Cleo"])
    choose(alice, "Cleo", "toggle-archive")
    expect(titles).to_have_text(["Bob", "Cleo"])
    alice.open("Cleo")
    alice.get("composer").fill("half a thou")
    alice.open("Bob")
    expect(alice.preview("Cleo")).to_have_text("Draft: half a thou")
    alice.page.wait_for_timeout(1_000)  # A draft is saved a moment after the last key.
    alice.reload()
    expect(alice.preview("Cleo")).to_have_text("Draft: half a thou")
    alice.open("Cleo")
    expect(alice.get("composer")).to_have_value("half a thou")
    alice.get("composer").press("Enter")
    expect(alice.bodies).to_have_text(["second", "half a thou"])
    choose(alice, "Cleo", "clear")
    alice.get("confirm").click()
    expect(alice.bodies).to_have_count(0)
    alice.leave()
    choose(alice, "Cleo", "toggle-unread")
    expect(alice.unread("Cleo")).to_be_visible()


def test_a_link_lets_one_person_in(window: Open, people: People) -> None:
    """Whoever opens it joins, also before logging in; used up, it lets in nobody else."""
    ben, cleo = people("bob", "cleo")
    alice, bob, third = window(), window(), window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    alice.get("tab-people").click()
    alice.get("new-group").click()
    alice.get("group-title").fill("Picnic")
    alice.get("create-group").click()
    alice.get("details").click()
    alice.get("invites").click()
    alice.get("invite-uses").fill("1")
    alice.get("create-invite").click()
    expect(alice.get("invite")).to_have_count(1)
    link = alice.get("invite-link").input_value()
    bob.page.goto(link)
    bob.page.reload()
    bob.log_in(ben.username)
    expect(bob.get("conversation-title")).to_have_text("Picnic")
    bob.say("Here I am")
    third.log_in(cleo.username)
    third.page.goto(link)
    expect(third.get("note")).to_be_visible()
    expect(third.get("conversation")).to_have_count(0)
    alice.get("dialog-close").click()
    expect(alice.message("Here I am")).to_be_visible()
    alice.get("group-settings").click()
    alice.get("setting-announcement").check()
    expect(bob.get("composer")).to_be_hidden()
    alice.get("setting-public").check()
    alice.get("dialog-close").click()
    third.get("tab-people").click()
    third.get("discover").click()
    third.get("public-group").filter(has_text="Picnic").click()
    expect(third.get("conversation-title")).to_have_text("Picnic")
    expect(alice.get("member-count")).to_have_text("3 members")


def test_becoming_contacts(window: Open, people: People) -> None:
    """One asks, the other finds the request under People and accepts; both may end it."""
    (ben,) = people("bob")
    alice, bob = window(), window()
    alice.sign_up(fresh("alice"), "Alice Arden")
    bob.log_in(ben.username)
    alice.meet(ben.username)
    alice.get("details").click()
    alice.get("add-contact").click()
    expect(alice.get("withdraw-contact")).to_be_visible()
    bob.get("tab-people").click()
    expect(bob.get("contact-request")).to_contain_text("Alice Arden")
    bob.get("accept-contact").click()
    expect(bob.get("contact-request")).to_have_count(0)
    expect(alice.get("remove-contact")).to_be_visible()
    alice.get("remove-contact").click()
    expect(alice.get("add-contact")).to_be_visible()
