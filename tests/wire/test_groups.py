"""Groups as clients meet them: links, open doors, bans, slow mode, over HTTP and in a session."""

import pytest
from starlette.applications import Starlette

from tests.wire.test_http_starlette import Browser, app, sign_up  # noqa: F401 (a fixture)
from tests.wire.test_realtime_engine import Place, place  # noqa: F401 (a fixture)

pytestmark = pytest.mark.anyio


async def make_group(owner: Browser, **settings: object) -> str:
    """A group's path."""
    body = {"kind": "group", "title": "Chess", "settings": settings}
    made = await owner("POST", "/v1/conversations", json=body)
    assert made.status_code == 201
    return f"/v1/conversations/{made.json()['id']}"


async def test_a_link_over_http(app: Starlette) -> None:  # noqa: F811
    """Made with 201, followed by its code, listed without it, revoked; then nobody knows it."""
    ann, ben, cid = [await sign_up(app, name) for name in ("ann", "ben", "cid")]
    group = await make_group(ann)
    body = {"role": "admin", "max_uses": 2, "expires_at": "2999-01-01T00:00:00Z"}
    refused = await ann("POST", f"{group}/invites", json=body)
    assert refused.status_code == 422
    assert [one["path"] for one in refused.json()["errors"]] == ["expires_at"]
    made = await ann("POST", f"{group}/invites", json=body | {"expires_at": None})
    assert made.status_code == 201
    link = made.json()
    joined = await ben("POST", f"/v1/invites/{link['code']}/redeem")
    assert joined.status_code == 200
    assert joined.json()["me"]["role"] == "admin"
    (listed,) = (await ben("GET", f"{group}/invites")).json()["items"]
    assert listed == {name: one for name, one in link.items() if name != "code"} | {"uses": 1}
    assert (await ben("DELETE", f"{group}/invites/{link['id']}")).status_code == 200
    gone = await cid("POST", f"/v1/invites/{link['code']}/redeem")
    never = await cid("POST", "/v1/invites/nothing/redeem")
    assert (gone.status_code, gone.content) == (404, never.content)


async def test_an_open_door_over_http(app: Starlette) -> None:  # noqa: F811
    """Found by its title, joined; closed to whoever is banned, in words that tell nothing."""
    ann, ben = [await sign_up(app, name) for name in ("ann", "ben")]
    group = await make_group(ann, public=True)
    (card,) = (await ben("GET", "/v1/discover?q=chess")).json()["items"]
    assert group.endswith(card["id"])
    assert card["joined"] is False
    assert (await ben("GET", group)).status_code == 404
    assert (await ben("POST", f"{group}/join")).json()["member_count"] == 2
    banned = await ann("PUT", f"{group}/bans/{ben.id}", json={"reason": "cheats"})
    assert (banned.status_code, banned.json()["reason"]) == (200, "cheats")
    assert (await ben("GET", "/v1/discover")).json()["items"] == []
    shut = await ben("POST", f"{group}/join")
    never = await ben("POST", "/v1/conversations/nothing/join")
    assert (shut.status_code, shut.content) == (404, never.content)
    assert (await ann("DELETE", f"{group}/bans/{ben.id}")).status_code == 200
    assert (await ben("POST", f"{group}/join")).status_code == 200
    handed = await ann("POST", f"{group}/transfer", json={"user_id": ben.id})
    assert handed.json()["role"] == "owner"


async def test_slow_mode_over_http(app: Starlette) -> None:  # noqa: F811
    """429 with ``Retry-After``, in whole seconds and never too few."""
    ann, ben = [await sign_up(app, name) for name in ("ann", "ben")]
    group = await make_group(ann, public=True, slow_mode_s=3_600)
    await ben("POST", f"{group}/join")
    assert (await ben("POST", f"{group}/messages", json={"body": "hi"})).status_code == 201
    refused = await ben("POST", f"{group}/messages", json={"body": "hi"})
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 3_500 < refused.json()["retry_after"] <= int(refused.headers["retry-after"]) <= 3_600


async def test_a_session_joins_and_is_banned(place: Place) -> None:  # noqa: F811
    """From joining by a link on it hears the group, and from the ban on nothing of it."""
    ann, ben = await place.register("ann"), await place.register("ben")
    async with place.enter(ann) as at_ann, place.enter(ben) as at_ben:
        group = await at_ann.ask("conversations.create", kind="group", title="Chess")
        here = {"conversation_id": group["id"]}
        link = await at_ann.ask("invites.create", **here)
        joined = await at_ben.ask("invites.redeem", code=link["code"])
        assert joined["id"] == group["id"]
        assert (await at_ann.event("member.joined"))["user"]["username"] == "ben"
        await at_ann.ask("messages.send", body="welcome", **here)
        assert (await at_ben.event("message.sent"))["message"]["body"] == "welcome"
        await at_ann.ask("members.ban", user_id=ben.user.id, **here)
        changed = await at_ben.event("membership.changed")
        while changed["epoch"] is not None:
            changed = await at_ben.event("membership.changed")
        await at_ann.ask("messages.send", body="good riddance", **here)
        await at_ben.ask("session.ping")
        later = [one for one in at_ben.heard if one.get("method", "").startswith("message.")]
        assert later == []
