"""Access tokens: short-lived, bound to a session, and dead with it."""

import base64
import json
import sys
from typing import Any

import jwt
import pytest
from attrs import evolve

from chatcore.engine import ChatEngine
from chatcore.errors import MissingExtra, Unauthenticated
from chatcore.ids import SessionId, UserId
from chatcore.models import ANONYMOUS, Authenticated
from chatcore.operations import ChangePassword, GetMe, Login, Logout, Register, Resume
from chatcore.security.access_tokens import AccessTokens, looks_like_one
from chatcore.security.tokens import new_token
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD

KEY = "k" * 32
NOW = 1_800_000_000_000
TOKENS = AccessTokens(KEY)
USER, SESSION = UserId("u"), SessionId("s")


def encoded(part: dict[str, Any]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def made(key: str = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """A token with other claims; None leaves one out."""
    seconds = NOW // 1_000
    known = {"sub": USER, "sid": SESSION, "iss": "chatcore", "iat": seconds, "exp": seconds + 60}
    given = {name: value for name, value in (known | claims).items() if value is not None}
    return jwt.encode(given, key, algorithm=algorithm)


def test_a_token_says_whose_it_is() -> None:
    """Until its last second."""
    token, ends = TOKENS.issue(USER, SESSION, NOW)
    assert ends == NOW + 900_000
    assert TOKENS.read(token, NOW) == TOKENS.read(token, ends - 1) == (USER, SESSION)
    assert TOKENS.read(token, ends) is None
    assert looks_like_one(token)
    assert not looks_like_one(new_token())
    assert TOKENS.read(made(), NOW) == (USER, SESSION)


@pytest.mark.parametrize(
    "claims",
    [
        *({name: None} for name in ("sub", "sid", "iss", "iat", "exp")),
        {"iss": "another"},
        {"sub": 7},
        {"sid": ["s"]},
        {"exp": "soon"},
        {"exp": NOW // 1_000},
        {"nbf": NOW // 1_000 * 2},
    ],
)
def test_other_claims_are_refused(claims: dict[str, Any]) -> None:
    """Each has to be there, and to be what it should be."""
    with pytest.MonkeyPatch.context() as patch:
        # PyJWT doesn't make what it wouldn't read.
        patch.setattr(jwt.PyJWT, "encode", _loosely)
        token = made(**claims)
    assert TOKENS.read(token, NOW) is None


def _loosely(self: Any, payload: Any, key: str, algorithm: str) -> str:
    return jwt.api_jws.PyJWS().encode(json.dumps(payload).encode(), key.encode(), algorithm)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_what_is_not_ours_is_refused() -> None:
    """Another key, another algorithm, none at all, a changed claim, or no token."""
    token = made()
    head, body, signature = token.split(".")
    none = encoded({"alg": "none", "typ": "JWT"})
    for forged in (
        made(key="x" * 32),
        made(key=KEY * 2, algorithm="HS512"),
        made(algorithm="HS384"),
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{encoded({'sub': 'eve'})}.{signature}",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body}.",
        "..",
        "a.b.c",
        "ü.ü.ü",
        "\ud800..",
    ):
        assert TOKENS.read(forged, NOW) is None, forged


def test_a_key_is_long_and_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """At least as long as its hash; and the library is an extra."""
    with pytest.raises(ValueError, match="key"):
        AccessTokens("k" * 31)
    assert KEY not in repr(TOKENS)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(MissingExtra, match=r"chatcore\[jwt\]"):
        AccessTokens(KEY)


async def access(engine: ChatEngine) -> tuple[Authenticated, str]:
    """Log in; what the host's gateway sees."""
    opened = await engine.execute(ANONYMOUS, Login("ann", PASSWORD))
    assert opened.session.access_token is not None
    return opened, opened.session.access_token


@pytest.mark.anyio
async def test_a_token_ends_with_its_session(database: str, clock: FakeClock) -> None:
    """By itself, by logging out, by another session that changes the password: at once."""
    async with ChatEngine(
        database, clock=clock, hasher=PlainHasher(), access_tokens=TOKENS
    ) as engine:
        ann = await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
        assert ann.session.access_token is not None
        first, token = await access(engine)
        actor = await engine.authenticate(token)
        assert (actor.id, actor.session_id) == (ann.user.id, first.session.id)
        assert (await engine.execute(actor, GetMe())).id == ann.user.id
        clock.advance(TOKENS.lifetime_s)
        with pytest.raises(Unauthenticated):
            await engine.authenticate(token)

        fresh = await engine.execute(first.actor, Resume())
        assert fresh.session.access_token not in (None, token)
        actor = await engine.authenticate(fresh.session.access_token or "")
        assert (await engine.execute(actor, Resume())).session.access_token is None

        await engine.execute(first.actor, Logout())
        with pytest.raises(Unauthenticated):
            await engine.authenticate(fresh.session.access_token or "")
        _, token = await access(engine)
        await engine.execute(ann.actor, ChangePassword(PASSWORD, "another battery"))
        with pytest.raises(Unauthenticated):
            await engine.authenticate(token)
        # Another's session under one's own name.
        forged, _ = TOKENS.issue(UserId("eve"), ann.session.id, clock.now())
        with pytest.raises(Unauthenticated):
            await engine.authenticate(forged)


@pytest.mark.anyio
async def test_hosts_that_want_none_give_none(engine: ChatEngine) -> None:
    """Neither handed out nor taken."""
    ann = await engine.execute(ANONYMOUS, Register("ann", PASSWORD))
    assert ann.session.access_token is None
    token, _ = TOKENS.issue(ann.user.id, ann.session.id, engine.clock.now())
    with pytest.raises(Unauthenticated):
        await engine.authenticate(token)
    assert evolve(ann.session, token=None) == (await engine.execute(ann.actor, Resume())).session
