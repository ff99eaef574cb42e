"""Who asks over HTTP: a bearer token, or the session cookie behind protection against forgery.

A browser sends cookies with every request, whoever's page caused it. So a request that may change
something counts only where the browser says that the page was ours: ``Sec-Fetch-Site`` (W3C Fetch
Metadata), else ``Origin``, as OWASP's CSRF cheat sheet has it. A bearer token needs none of this,
since no other page can send it, and wins where both are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, frozen

from chatcore.engine import ChatEngine
from chatcore.errors import Forbidden, Unauthenticated
from chatcore.models import ANONYMOUS, Actor, Authenticated
from chatcore.security.access_tokens import looks_like_one
from chatcore.wire.exchange import Headers, Request
from chatcore.wire.settings import HttpSettings

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def own_origin(request: Request, settings: HttpSettings) -> bool | None:
    """Whether the page behind a request is ours or allowed; None where no browser says."""
    origin, site = request.header("origin"), request.header("sec-fetch-site")
    if origin in settings.allowed_origins:
        return True
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        return None
    host = request.header("host")
    # Behind a proxy the scheme may have changed; the host may not.
    return host is not None and origin.partition("://")[2] == host.lower()


def cookie_value(request: Request, name: str) -> str | None:
    """The one value of a cookie; None where it is missing or given with different values."""
    pairs = (part.partition("=") for part in (request.header("cookie") or "").split(";"))
    values = {value.strip() for key, _, value in pairs if key.strip() == name}
    return values.pop() if len(values) == 1 else None


@frozen
class Authentication:
    """Finds the actor of a request and keeps the session cookie."""

    engine: ChatEngine
    settings: HttpSettings

    async def actor(self, request: Request) -> Actor:
        """Who asks; the anonymous actor where nothing, or an outdated cookie, was shown.

        Raises :class:`Unauthenticated` for a bad bearer token and :class:`Forbidden` for a
        request that another site may have caused.
        """
        token = _bearer(request)
        if token is not None:
            return await self._authenticate(request, token)
        token = self._cookie(request)
        self._refuse_forged(request, token is not None or bool(self._hosts_cookies(request)))
        if token is not None or self._by_host:
            try:
                return await self._authenticate(request, token, trusted=True)
            except Unauthenticated:
                pass  # else an outdated cookie would stand in the way of signing in
        return self._anonymous(request)

    async def websocket(self, request: Request) -> Actor | None:
        """Who opens a WebSocket; None where the token has to come in the session's first frame.

        Browsers let any page open a socket with our cookie: it counts for our own pages only.
        """
        try:
            token = _bearer(request)
            if token is not None:
                return await self._authenticate(request, token)
            if not own_origin(request, self.settings):
                return None
            token = self._cookie(request)
            if token is None and not self._by_host:
                return None
            return await self._authenticate(request, token, trusted=True)
        except Unauthenticated:
            return None

    def signed_in(self, request: Request, answer: Authenticated) -> Headers:
        """The header that keeps the session in a cookie, where cookies are on."""
        token = answer.session.token or _bearer(request) or self._cookie(request)
        if not self.settings.cookies or token is None or looks_like_one(token):
            return ()
        # The session itself ends earlier where it idles; the server alone decides that.
        return self._set_cookie(request, token, int(self.engine.limits.session_absolute_s))

    def signed_out(self, request: Request) -> Headers:
        """The header that clears the cookie, where cookies are on."""
        return self._set_cookie(request, "", 0) if self.settings.cookies else ()

    def address(self, request: Request) -> str | None:
        """The client's address, through the trusted proxy's header if one is set."""
        header = self.settings.address_header
        listed = request.header(header.lower()) if header else None
        return listed.rpartition(",")[2].strip() if listed else request.address

    def _cookie(self, request: Request) -> str | None:
        return cookie_value(request, self.settings.cookie_name) if self.settings.cookies else None

    @property
    def _by_host(self) -> bool:
        """Whether the host has means of its own to tell who somebody is."""
        return self.engine.authenticator is not None

    def _hosts_cookies(self, request: Request) -> dict[str, str]:
        """All cookies, for the host to read its own."""
        if not self._by_host or not self.settings.cookies:
            return {}
        pairs = (part.partition("=") for part in (request.header("cookie") or "").split(";"))
        names = {key.strip() for key, _, _ in pairs} - {""}
        values = ((name, cookie_value(request, name)) for name in names)
        return {name: value for name, value in values if value is not None}

    async def _authenticate(
        self, request: Request, token: str | None, *, trusted: bool = False
    ) -> Actor:
        """``trusted``: the request can't have been forged, so its cookies count."""
        more: dict[str, Mapping[str, str]] = {}
        if self._by_host:
            names = dict.fromkeys(name for name, _ in request.headers if name != "cookie")
            more["headers"] = {name: request.header(name) or "" for name in names}
            more["cookies"] = self._hosts_cookies(request) if trusted else {}
        return await self.engine.authenticate(
            token, address=self.address(request), user_agent=request.header("user-agent"), **more
        )

    def _anonymous(self, request: Request) -> Actor:
        return evolve(
            ANONYMOUS, address=self.address(request), user_agent=request.header("user-agent")
        )

    def _refuse_forged(self, request: Request, with_cookie: bool) -> None:
        """Signing in needs no cookie and is protected too: it would sign one in as another."""
        if request.method in SAFE or not self.settings.cookies:
            return
        if self.settings.csrf is not None:
            allowed = self.settings.csrf(request)
        else:
            ours = own_origin(request, self.settings)
            # Whoever sends no such header is no browser, and then has no cookie of its user's.
            allowed = ours or (ours is None and not with_cookie)
        if not allowed:
            raise Forbidden("This request may have come from another site")

    def _set_cookie(self, request: Request, value: str, max_age: int) -> Headers:
        secure = self.settings.secure
        over_tls = request.scheme == "https" if secure is None else secure
        parts = [
            f"{self.settings.cookie_name}={value}",
            "Path=/",
            f"Max-Age={max_age}",
            "HttpOnly",
            f"SameSite={self.settings.same_site.capitalize()}",
            *(["Secure"] if over_tls else []),
        ]
        return (("Set-Cookie", "; ".join(parts)),)


def _bearer(request: Request) -> str | None:
    """The bearer token (RFC 6750); another scheme is somebody else's, a proxy's perhaps."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    if not token.strip():
        raise Unauthenticated
    return token.strip()
