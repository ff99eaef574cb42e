"""The network goes and comes back: nothing is lost, nothing is doubled, nothing has to be done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.browser.audit import UNREACHABLE
from tests.browser.cable import Cable
from tests.browser.conftest import Open
from tests.browser.window import Window, fresh
from tests.live.people import People, Person

pytestmark = pytest.mark.browser


@pytest.fixture
def ben(people: People) -> Person:
    """Somebody to talk to."""
    return people("ben")[0]


@pytest.fixture
def alice(window: Open, cable: Cable, ben: Person) -> Window:
    """Alice's window, at the end of the cable, with her conversation with Ben open."""
    alice = window(cable.url)
    alice.audit.allow(UNREACHABLE)
    alice.sign_up(fresh("alice"), "Alice")
    alice.meet(ben.username)
    alice.say("Hello")
    expect(alice.message("Hello")).to_have_attribute("data-status", "sent")
    return alice


@contextmanager
def offline(one: Window, cable: Cable, *, known: bool) -> Iterator[None]:
    """The cable is cut inside the block; ``known``: and the browser says so to its pages."""
    one.context.set_offline(known)
    cable.cut()
    expect(one.get("offline-banner")).to_be_visible()
    yield
    cable.mend()
    one.context.set_offline(False)
    one.be_ready()
    expect(one.get("offline-banner")).to_be_hidden()


def test_what_was_missed_is_there_once_and_in_order(
    window: Open, alice: Window, cable: Cable, ben: Person
) -> None:
    """Twenty messages to someone away, whether or not their browser knows that they are."""
    bob = window()
    bob.log_in(ben.username)
    bob.open("Alice")
    said = ["Hello"]
    for known in (True, False):
        alice.leave()
        with offline(alice, cable, known=known):
            missed = [f"While you were away {known} {n}" for n in range(20)]
            bob.say(*missed)
            expect(bob.message(missed[-1])).to_have_attribute("data-status", "sent")
            expect(alice.unread("Ben")).to_be_hidden()
        said += missed
        expect(alice.unread("Ben")).to_have_text("20")
        expect(alice.preview("Ben")).to_have_text(missed[-1])
        expect(bob.message(missed[-1])).to_have_attribute("data-status", "delivered")
        alice.open("Ben")
        expect(alice.bodies).to_have_text(said)
        expect(alice.unread("Ben")).to_be_hidden()
        expect(bob.message(missed[-1])).to_have_attribute("data-status", "read")


def test_what_is_on_screen_fills_up_again(alice: Window, cable: Cable, ben: Person) -> None:
    """An open conversation gets what it missed: new messages, an edit and a deletion."""
    [conversation] = [one["id"] for one in ben.ask("GET", "conversations")["items"]]
    changed = ben.send(conversation, "Befour")
    gone = ben.send(conversation, "Gone")
    expect(alice.message("Gone")).to_be_visible()
    with offline(alice, cable, known=True):
        path = f"conversations/{conversation}/messages"
        ben.ask("PATCH", f"{path}/{changed['id']}", json={"body": "Before"})
        ben.ask("DELETE", f"{path}/{gone['id']}", params={"for": "everyone"})
        ben.send(conversation, "After")
    expect(alice.bodies).to_have_text(["Hello", "Before", "This message was deleted", "After"])


def test_what_was_written_offline_is_kept_and_sent_once(
    window: Open, alice: Window, cable: Cable, ben: Person
) -> None:
    """It waits, even in a page that was left and loaded anew, and goes out in order."""
    written = ["One", "Two", "Three"]
    with offline(alice, cable, known=True):
        alice.say(*written)
        for text in written:
            expect(alice.message(text)).to_have_attribute("data-status", "pending")
    for text in written:
        expect(alice.message(text)).to_have_attribute("data-status", "sent")
    cable.cut()
    expect(alice.get("offline-banner")).to_be_visible()
    alice.say("Four", "Five")
    expect(alice.message("Five")).to_have_attribute("data-status", "pending")
    address = alice.page.url
    alice.page.goto("about:blank")
    cable.mend()
    alice.page.goto(address)
    alice.be_ready()
    said = ["Hello", *written, "Four", "Five"]
    expect(alice.message("Five")).to_have_attribute("data-status", "sent")
    expect(alice.bodies).to_have_text(said)
    bob = window()
    bob.log_in(ben.username)
    expect(bob.unread("Alice")).to_have_text("6")
    bob.open("Alice")
    expect(bob.bodies).to_have_text(said)


def test_a_lost_answer_makes_no_second_message(
    window: Open, alice: Window, cable: Cable, ben: Person
) -> None:
    """The server took it and the connection broke before saying so: the repeat is the same."""
    bob = window()
    bob.log_in(ben.username)
    bob.open("Alice")
    with cable.held("down"):
        alice.say("Only once")
        expect(bob.message("Only once")).to_be_visible()
        expect(alice.message("Only once")).to_have_attribute("data-status", "pending")
        cable.cut()
    expect(alice.get("offline-banner")).to_be_visible()
    cable.mend()
    alice.get("reconnect").click()
    expect(alice.message("Only once")).to_have_attribute("data-status", "read")
    alice.say("And then this")
    for one in (alice, bob):
        expect(one.bodies).to_have_text(["Hello", "Only once", "And then this"])
