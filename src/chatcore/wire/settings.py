"""How the HTTP layer behaves: cookies, origins, proxies. Every default with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs
from attrs import field, frozen, validators

from chatcore.wire.exchange import Request

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's grammar, not a secret)


def _an_origin(_: Any, attribute: attrs.Attribute[Any], value: str) -> None:
    parts = urlsplit(value)
    if value != f"{parts.scheme}://{parts.netloc}" or not parts.netloc or value != value.lower():
        raise ValueError(f"{attribute.name}: {value!r} is no origin like https://example.org")


@frozen(kw_only=True)
class HttpSettings:
    """Settings of one :class:`chatcore.wire.http.Http`. Raises ``ValueError`` for a bad one."""

    cookies: bool = True
    """Whether signing in sets a session cookie and the cookie authenticates requests."""

    cookie_name: str = field(default="chatcore_session", validator=validators.matches_re(_TOKEN))
    """``__Host-…`` keeps other subdomains from setting it; browsers then want ``secure``."""

    secure: bool | None = None
    """Whether the cookie travels over TLS only; None: where the request itself came over TLS.

    Set it behind a proxy that ends TLS and talks plain HTTP to the application.
    """

    same_site: Literal["lax", "strict", "none"] = field(
        default="lax", validator=validators.in_(("lax", "strict", "none"))
    )

    allowed_origins: frozenset[str] = field(
        default=frozenset(),
        converter=frozenset,
        validator=validators.deep_iterable(_an_origin),
    )
    """Other origins whose pages may call this API (CORS) and use its cookie. None by default."""

    csrf: Callable[[Request], bool] | None = None
    """The host's own protection against forged requests, in place of the check of origins.

    Asked for every request that may change something and that no bearer token authenticates;
    False refuses it.
    """

    address_header: str | None = None
    """Where a trusted proxy writes the client's address: its last entry counts.

    Off by default: a header that no proxy overwrites is the client's to invent.
    """

    def __attrs_post_init__(self) -> None:
        if self.secure is not True and (
            self.same_site == "none" or self.cookie_name.startswith("__")
        ):
            raise ValueError("SameSite=None and __Host- or __Secure- names need secure=True")
