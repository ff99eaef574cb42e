"""Classes of operations and their rates: by user and by address, over HTTP and realtime alike."""

import pytest

from chatcore.config import Limits
from chatcore.errors import RateLimited, Unauthenticated
from chatcore.ids import ConversationId, MessageId, UserId
from chatcore.models import Actor
from chatcore.operations import (
    CheckAvailability,
    CreateReport,
    ForwardMessage,
    GetMe,
    RedeemInvite,
    Register,
    RequestContact,
    SearchMessages,
    SearchUsers,
    SendMessage,
    SetTyping,
    specs,
)
from chatcore.operations.base import Spec
from chatcore.testing.clock import FakeClock
from chatcore.wire.limits import RateLimits
from chatcore.wire.quotas import network, quotas
from tests.wire.http_fakes import Client, FakeEngine, loads

BEN, CEM = UserId("ben"), UserId("cem")
HERE, THERE = "192.0.2.1", "192.0.2.2"


def taken(rates: RateLimits, spec: Spec, user: UserId | None, address: str | None) -> int:
    """How many more are let through before one is refused."""
    for count in range(1_000):
        try:
            rates.count(spec, user, address)
        except RateLimited:
            return count
    return 1_000


def test_a_user_has_a_rate_wherever_they_are() -> None:
    """And another user has one of their own; both searches count as the same."""
    rates = RateLimits(Limits(searches_a_minute=3), FakeClock())
    rates.count(SearchUsers.spec, BEN, HERE)
    assert taken(rates, SearchMessages.spec, BEN, THERE) == 2
    assert taken(rates, SearchUsers.spec, BEN, HERE) == 0
    assert taken(rates, SearchUsers.spec, CEM, HERE) == 3


def test_an_address_has_a_rate_whoever_asks() -> None:
    """A user of another address isn't counted with them, nor is a program without an address."""
    limits = Limits(contact_requests_an_hour=2, contact_requests_an_hour_an_address=3)
    rates = RateLimits(limits, FakeClock())
    assert taken(rates, RequestContact.spec, BEN, HERE) == 2
    assert taken(rates, RequestContact.spec, CEM, HERE) == 1
    assert taken(rates, RequestContact.spec, CEM, THERE) == 1
    assert taken(rates, RequestContact.spec, UserId("dan"), None) == 2


def test_a_refusal_counts_in_no_bucket() -> None:
    """Whoever is refused for their address keeps what they had for themselves."""
    limits = Limits(contact_requests_an_hour=1, contact_requests_an_hour_an_address=1)
    rates = RateLimits(limits, FakeClock())
    rates.count(RequestContact.spec, BEN, HERE)
    with pytest.raises(RateLimited):
        rates.count(RequestContact.spec, CEM, HERE)
    rates.count(RequestContact.spec, CEM, THERE)


def test_who_is_nobody_yet_is_counted_by_address() -> None:
    """Accounts opened, and names asked about, have rates that come back with time."""
    clock = FakeClock()
    limits = Limits(registrations_an_hour_an_address=2, availability_checks_an_address=3)
    rates = RateLimits(limits, clock)
    assert taken(rates, Register.spec, None, HERE) == 2
    assert taken(rates, CheckAvailability.spec, None, HERE) == 3
    assert taken(rates, Register.spec, None, THERE) == 2
    clock.advance(1_800)
    assert taken(rates, Register.spec, None, HERE) == 1


@pytest.mark.parametrize(
    ("limit", "spec"),
    [
        ("sends", SendMessage.spec),
        ("searches_a_minute", SearchMessages.spec),
        ("searches_a_minute", SearchUsers.spec),
        ("joins_a_minute", RedeemInvite.spec),
        ("contact_requests_an_hour", RequestContact.spec),
        ("contact_requests_an_hour_an_address", RequestContact.spec),
        ("reports_an_hour", CreateReport.spec),
        ("registrations_an_hour_an_address", Register.spec),
        ("availability_checks_an_address", CheckAvailability.spec),
    ],
)
def test_each_rate_lets_through_what_it_says(limit: str, spec: Spec) -> None:
    """As many as its limit, and not one more."""
    rates = RateLimits(Limits(**{limit: 2}), FakeClock())  # type: ignore[arg-type]
    assert taken(rates, spec, BEN, HERE) == 2


def test_what_is_of_no_class_has_no_rate_here() -> None:
    """Plain and state requests are counted by the socket, or as requests over HTTP."""
    rates = RateLimits(Limits(), FakeClock())
    assert taken(rates, GetMe.spec, BEN, HERE) == 1_000
    assert taken(rates, SetTyping.spec, BEN, HERE) == 1_000


def test_every_class_is_used() -> None:
    """Each has an operation, uploads apart, which is a route of its own; and each has a rate."""
    used = {spec.rate for spec in specs()}
    assert quotas(Limits()).keys() - {"uploads"} == used - {"requests", "state", "logins"}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        (None, ""),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
        ("testclient", "testclient"),
    ],
)
def test_what_is_one_address(address: str | None, counted: str) -> None:
    """Of IPv6 the network: whoever has one number of it has all of them."""
    assert network(address) == counted


@pytest.mark.anyio
async def test_headers_say_how_a_class_stands() -> None:
    """A limited route tells the policy, what is left, and when to come back."""
    engine = FakeEngine(limits=Limits(searches_a_minute=2))
    client = Client(engine)
    told = []
    for _ in range(3):
        response = await client("GET", "/v1/search?q=x")
        told.append((response.status, dict(response.headers)))
    assert [status for status, _ in told] == [200, 200, 429]
    policies, states = told[0][1]["RateLimit-Policy"], told[0][1]["RateLimit"]
    assert policies == '"requests";q=200;w=20, "searches";q=2;w=60'
    assert states == '"requests";r=199;t=1, "searches";r=1;t=30'
    assert told[2][1]["RateLimit"].endswith('"searches";r=0;t=60')
    assert told[2][1]["Retry-After"] == "30"
    assert loads(response)["retry_after"] == 30


@pytest.mark.anyio
async def test_uploads_are_counted() -> None:
    """They are no operation, and have headers all the same."""
    client = Client(FakeEngine(limits=Limits(uploads_a_minute=1)))
    first = await client("POST", "/v1/uploads?name=a.png", body=b"x")
    second = await client("POST", "/v1/uploads?name=a.png", body=b"x")
    assert (first.status, second.status) == (201, 429)
    assert '"uploads";q=1;w=60' in dict(first.headers)["RateLimit-Policy"]
    assert len(client.engine.uploaded) == 1


@pytest.mark.anyio
async def test_an_address_has_requests_for_all_its_users() -> None:
    """However many accounts ask from there."""
    limits = Limits(requests_burst_an_address=3, requests_a_minute_an_address=60)
    client = Client(
        FakeEngine(
            limits=limits, tokens={"a": Actor(BEN, address=HERE), "b": Actor(CEM, address=HERE)}
        )
    )
    found = []
    for token in ("a", "b", "a", "b"):
        headers = {"authorization": f"Bearer {token}"}
        found.append((await client("GET", "/v1/me", headers=headers)).status)
    assert found == [200, 200, 200, 429]


@pytest.mark.anyio
async def test_failures_to_sign_in_are_told_by_address() -> None:
    """Not by account: whose door others try is nobody's business."""

    def wrong(actor: Actor, operation: object) -> None:
        raise Unauthenticated

    client = Client(FakeEngine(answer=wrong), headers={})
    body = {"login": "ann", "password": "not the one"}
    response = await client("POST", "/v1/login", json=body, address=HERE)
    assert response.status == 401
    assert dict(response.headers)["RateLimit"].endswith('"logins";r=19;t=45')


def test_a_forward_counts_as_often_as_it_sends() -> None:
    """More than fit at once count as all there are: waiting as long as one is told helps."""
    clock = FakeClock()
    rates = RateLimits(Limits(sends=10, sends_window_s=10.0), clock)

    def forward(count: int) -> None:
        to = tuple(ConversationId(f"c{one}") for one in range(count))
        rates.count(ForwardMessage.spec, BEN, HERE)
        rates.count_rest(ForwardMessage(ConversationId("c"), MessageId("m"), to, "k"), BEN)

    forward(9)
    with pytest.raises(RateLimited) as refused:
        forward(50)
    assert refused.value.retry_after == pytest.approx(9.0)
    clock.advance(9)
    forward(50)
    clock.advance(3)
    forward(1)
    assert taken(rates, SendMessage.spec, BEN, HERE) == 2


@pytest.mark.anyio
async def test_a_forward_counts_over_http() -> None:
    """The answer to the next one says how long to wait."""
    client = Client(FakeEngine(limits=Limits(sends=3, sends_window_s=3.0)))
    to = {"conversation_ids": ["c2", "c3"], "key": "k"}
    path = "/v1/conversations/c1/messages/m1/forward"
    assert [(await client("POST", path, json=to)).status for _ in "ab"] == [200, 429]
