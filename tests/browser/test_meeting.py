"""Two people sign up in two windows, find each other and talk."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.window import fresh
from tests.live.people import People

pytestmark = pytest.mark.browser


def test_two_people_meet_and_talk(window: Open) -> None:
    """Both sign up and find each other; what one writes the other sees, both ways, at once."""
    alice, bob = window(), window()
    a, b = fresh("alice"), fresh("bob")
    alice.sign_up(a, "Alice Arden")
    bob.sign_up(b, "Bob Birch")
    alice.meet(b)
    expect(alice.get("conversation-title")).to_have_text("Bob Birch")
    alice.say("Hello Bob!")
    expect(bob.unread("Alice Arden")).to_have_text("1")
    expect(bob.preview("Alice Arden")).to_have_text("Hello Bob!")
    bob.meet(a)
    bob.say("Hello Alice,", "how are you?")
    said = ["Hello Bob!", "Hello Alice,", "how are you?"]
    for one in (alice, bob):
        expect(one.bodies).to_have_text(said)
        expect(one.get("conversation")).to_have_count(1)
        expect(one.get("day-separator")).to_have_text(["Today"])
        expect(one.get("unread-badge")).to_be_hidden()


def test_ticks_turn(window: Open, people: People) -> None:
    """Sent while the other is away, delivered once they are there, read once they look."""
    [ben] = people("ben")
    alice = window()
    alice.sign_up(fresh("alice"), "Alice")
    alice.meet(ben.username)
    alice.say("Are you there?")
    asked = alice.message("Are you there?")
    expect(asked).to_have_attribute("data-status", "sent")
    expect(alice.preview("Ben").get_by_test_id("ticks")).to_have_attribute("data-status", "sent")
    other = window()
    other.log_in(ben.username)
    expect(asked).to_have_attribute("data-status", "delivered")
    expect(other.unread("Alice")).to_have_text("1")
    other.open("Alice")
    expect(asked).to_have_attribute("data-status", "read")
    expect(alice.preview("Ben").get_by_test_id("ticks")).to_have_attribute("data-status", "read")
    expect(other.unread("Alice")).to_be_hidden()


def test_typing_and_presence_come_and_go(window: Open, people: People) -> None:
    """Who is there and who is writing shows while it is so, and when they were last seen after."""
    [ben] = people("ben")
    alice, other = window(), window()
    alice.sign_up(fresh("alice"), "Alice")
    alice.meet(ben.username)
    alice.say("Hello")
    expect(alice.get("presence")).to_have_attribute("data-status", "offline")
    other.log_in(ben.username)
    expect(alice.get("presence")).to_have_text("online")
    other.open("Alice")
    other.get("composer").press_sequentially("Wait")
    expect(alice.get("typing")).to_have_text("Ben is typing")
    expect(alice.get("presence")).to_have_text("typing…")
    expect(alice.preview("Ben")).to_have_text("typing…")
    other.get("composer").fill("")
    expect(alice.get("typing")).to_be_hidden()
    other.get("composer").press_sequentially("Here")
    expect(alice.get("typing")).to_be_visible()
    other.get("composer").press("Enter")
    expect(alice.message("Here")).to_be_visible()
    expect(alice.get("typing")).to_be_hidden()
    expect(alice.preview("Ben")).to_have_text("Here")
    other.page.close()
    expect(alice.get("presence")).to_have_attribute("data-status", "offline")
    expect(alice.get("presence")).to_have_text(re.compile("^last seen "))


def test_wrong_names_and_passwords_are_explained(window: Open, people: People) -> None:
    """Each mistake at the door is told in words, and then the right password opens it."""
    [ann] = people("ann")
    someone = window()
    someone.audit.allow(re.compile(r"the server responded with a status of 4(01|09|22)"))
    error = someone.get("form-error")
    someone.get("username").fill(ann.username)
    someone.get("password").fill("not the password")
    someone.get("login-submit").click()
    expect(error).to_have_text("Wrong username or password.")
    someone.get("show-signup").click()
    expect(error).to_have_text("")
    someone.get("signup-submit").click()
    expect(error).to_have_text(re.compile("That username is taken."))
    someone.get("username").fill("no spaces please")
    someone.get("signup-submit").click()
    expect(error).to_have_text(re.compile("^Username: "))
    someone.get("show-login").click()
    someone.log_in(ann.username)
    expect(someone.get("find-people")).to_be_visible()
