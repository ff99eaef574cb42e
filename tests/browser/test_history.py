"""Older messages, and coming back after a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.live.people import People

pytestmark = pytest.mark.browser

SENT = 150


def test_older_messages_come_while_scrolling(window: Open, people: People) -> None:
    """All 150 come once and in order, above what is on screen, which stays where it is."""
    ann, ben = people("ann", "ben")
    conversation = ann.direct(ben)
    texts = [f"Message {n} of many" for n in range(1, SENT + 1)]
    for n, text in enumerate(texts):
        (ann, ben)[n % 2].send(conversation, text)
    alice = window()
    alice.log_in(ann.username)
    expect(alice.unread("Ben")).to_have_text("75")
    alice.open("Ben")
    expect(alice.message(texts[-1])).to_be_in_viewport()
    expect(alice.unread("Ben")).to_be_hidden()
    assert 50 <= alice.get("message").count() < SENT
    alice.get("timeline").hover()
    while alice.get("message").count() < SENT:
        first = alice.bodies.first.inner_text()
        alice.page.mouse.wheel(0, -100_000)
        expect(alice.bodies.first).not_to_have_text(first)
        expect(alice.message(first)).to_be_in_viewport()
    expect(alice.bodies).to_have_text(texts)
    alice.page.mouse.wheel(0, -100_000)
    expect(alice.page.get_by_text(re.compile("^This is the beginning"))).to_be_in_viewport()
    alice.get("jump-latest").click()
    expect(alice.message(texts[-1])).to_be_in_viewport()
    expect(alice.get("jump-latest")).to_be_hidden()


def test_a_reload_changes_nothing(window: Open, people: People) -> None:
    """Still logged in, in the same conversation; logging out ends it, over a reload too."""
    [ben] = people("ben")
    alice = window()
    alice.sign_up("alice_reloads", "Alice")
    alice.meet(ben.username)
    alice.say("Before", "After")
    expect(alice.get("message").last).to_have_attribute("data-status", "sent")
    alice.reload()
    expect(alice.get("conversation-title")).to_have_text("Ben")
    expect(alice.bodies).to_have_text(["Before", "After"])
    alice.get("account").click()
    alice.get("logout").click()
    expect(alice.get("login-form")).to_be_visible()
    alice.page.reload()
    expect(alice.get("login-form")).to_be_visible()
    expect(alice.get("message")).to_have_count(0)
