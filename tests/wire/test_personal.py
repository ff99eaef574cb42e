"""One's own view of conversations as clients meet it: over HTTP, and in sessions of two devices."""

import pytest
from starlette.applications import Starlette

from tests.wire.test_http_starlette import Browser, app, sign_up  # noqa: F401 (a fixture)
from tests.wire.test_realtime_engine import Place, direct, place  # noqa: F401 (a fixture)

pytestmark = pytest.mark.anyio


async def make_talk(one: Browser, other: Browser, *bodies: str) -> tuple[str, list[str]]:
    """The path of the conversation of two, and the ids of what the other has said there."""
    made = await one("POST", "/v1/conversations", json={"kind": "direct", "user_id": other.id})
    path = f"/v1/conversations/{made.json()['id']}"
    sent = [await other("POST", f"{path}/messages", json={"body": body}) for body in bodies]
    return path, [answer.json()["id"] for answer in sent]


async def test_settings_over_http(app: Starlette) -> None:  # noqa: F811
    """What is absent stays, null clears, and what can't be empty refuses it by name."""
    ann, ben = [await sign_up(app, name) for name in ("ann", "ben")]
    talk, _ = await make_talk(ann, ben, "1", "2")
    body = {"labels": ["work"], "draft": "hm", "muted_until": "2999-01-01T00:00:00Z"}
    me = (await ann("PATCH", f"{talk}/me", json=body)).json()["me"]
    assert (me["labels"], me["draft"]) == (["work"], "hm")
    assert me["muted_until"] == "2999-01-01T00:00:00.000Z"
    body = {"labels": None, "draft": None, "archived": True}
    me = (await ann("PATCH", f"{talk}/me", json=body)).json()["me"]
    assert (me["labels"], "draft" in me, "muted_until" in me) == ([], False, True)
    refused = await ann("PATCH", f"{talk}/me", json={"archived": None, "label": "x"})
    assert refused.status_code == 422
    for query, count in (("archived=true&unread=true", 1), ("archived=false", 0), ("label=x", 0)):
        assert len((await ann("GET", f"/v1/conversations?{query}")).json()["items"]) == count
    assert (await ann("GET", "/v1/badge")).json()["unread"] == 0
    whole = (await ann("GET", "/v1/badge?muted=true&archived=true")).json()
    assert whole == {"unread": 2, "unread_more": False, "mentions": 0, "conversations": 1}
    assert (await ann("POST", f"{talk}/clear", json={"up_to_seq": 3})).status_code == 422
    cleared = (await ann("POST", f"{talk}/clear", json={"up_to_seq": 1})).json()
    assert (cleared["me"]["cleared_seq"], cleared["me"]["unread"]) == (1, 1)


async def test_bookmarks_and_statuses_over_http(app: Starlette) -> None:  # noqa: F811
    """Set with PUT, listed with the cards of senders, taken back; a status comes in pages."""
    ann, ben = [await sign_up(app, name) for name in ("ann", "ben")]
    talk, (first, _) = await make_talk(ann, ben, "1", "2")
    for _ in range(2):
        kept = await ann("PUT", f"/v1/bookmarks/{first}")
        assert (kept.status_code, kept.json()["bookmarked"]) == (200, True)
    page = (await ann("GET", "/v1/bookmarks?limit=1")).json()
    assert page["items"][0]["message"]["body"] == "1"
    assert ([one["id"] for one in page["users"]], page["next"]) == ([ben.id], None)
    assert (await ann("DELETE", f"/v1/bookmarks/{first}")).json()["bookmarked"] is False
    assert (await ann("DELETE", f"/v1/bookmarks/{first}")).status_code == 404
    status = (await ben("GET", f"{talk}/messages/{first}/status?limit=1")).json()
    assert ([one["user_id"] for one in status["items"]], status["next"]) == ([ann.id], None)


async def test_a_draft_reaches_the_other_device(place: Place) -> None:  # noqa: F811
    """And nobody else; what is cleared there is cleared here, for later events, too."""
    ann, ben = await place.register("ann"), await place.register("ben")
    here = {"conversation_id": await direct(place, ann, ben)}
    async with place.enter(ann) as desk, place.enter(ann) as phone, place.enter(ben) as other:
        sent = await other.ask("messages.send", body="hello", **here)
        await desk.ask("conversations.personalize", draft="so far", **here)
        heard = await phone.event("conversation.personal")
        assert (heard["stream"], heard["me"]["draft"]) == ("me", "so far")
        await desk.ask("conversations.clear", up_to_seq=1, **here)
        assert (await phone.event("conversation.personal"))["me"]["cleared_seq"] == 1
        await other.ask("messages.edit", message_id=sent["id"], body="hidden from her", **here)
        assert (await phone.event("stream.advanced"))["stream"] == here["conversation_id"]
        await other.ask("session.ping")
        names = {one.get("method") for one in other.heard}
        assert not names & {"conversation.personal", "stream.advanced"}
