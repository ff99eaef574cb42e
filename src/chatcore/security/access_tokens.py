"""Access tokens: JSON Web Tokens (RFC 7519) of a few minutes, each bound to a session.

For hosts whose gateways read claims. A token is worth nothing by itself: its session is looked up
at every use, so it ends with the session, at once. The algorithm is pinned to HS256 (RFC 8725,
3.1), and nothing that a token's header says is believed.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import field, frozen, validators

from chatcore.errors import MissingExtra
from chatcore.ids import Milliseconds, SessionId, UserId

_ALGORITHM: Final = "HS256"
_KEY_BYTES: Final = 32
"""As many as the hash has (RFC 7518, 3.2)."""
_CLAIMS: Final = ("exp", "iat", "iss", "sid", "sub")


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _jwt() -> Any:
    try:
        import jwt
    except ImportError:
        raise MissingExtra("Access tokens", "jwt") from None
    return jwt


@frozen
class AccessTokens:
    """Makes and reads them. ``key``: at least 32 random bytes, the same for all processes."""

    key: bytes = field(
        repr=False,
        converter=_bytes,
        validator=validators.min_len(_KEY_BYTES),
    )
    lifetime_s: float = field(
        default=900.0, kw_only=True, validator=[validators.gt(0), validators.le(86_400)]
    )
    issuer: str = field(default="chatcore", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _jwt()

    def issue(
        self, user: UserId, session: SessionId, now: Milliseconds
    ) -> tuple[str, Milliseconds]:
        """A token, and when it ends."""
        ends = now // 1_000 + int(self.lifetime_s)
        claims = {"sub": user, "sid": session, "iss": self.issuer, "iat": now // 1_000, "exp": ends}
        return _jwt().encode(claims, self.key, algorithm=_ALGORITHM), ends * 1_000

    def read(self, token: str, now: Milliseconds) -> tuple[UserId, SessionId] | None:
        """Whose it says it is, and of which session; None of anything that isn't ours and good."""
        jwt = _jwt()
        # Time is the engine's clock, not the library's.
        timeless = {"require": _CLAIMS, "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(
                token, self.key, algorithms=[_ALGORITHM], issuer=self.issuer, options=timeless
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        match claims:
            case {"sub": str(user), "sid": str(session), "exp": int(ends)} if now < ends * 1_000:
                return UserId(user), SessionId(session)
        return None


def looks_like_one(token: str) -> bool:
    """Whether it may be an access token; a session's own has no dots."""
    return token.count(".") == 2
