"""Which addresses a server may call because a stranger wrote them down: public web servers only.

The rule is applied twice: to how an address is written, and to every number that its name stands
for. What a name stands for may change from one moment to the next, so whoever connects has to use
the very number that was checked.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from attrs import frozen

# IANA's special-purpose registries, written out: what Python knows of them varies by version.
_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers; a cloud's metadata, too
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local; most clouds' metadata
            "168.63.129.16/32",  # a cloud's host, on a public number
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_PUBLIC_6: Final = IPv6Network("2000::/3")
"""All that is given out. Outside lie loopback, local and mapped numbers, and NAT64's."""
_NOT_PUBLIC_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols, Teredo among them, which holds an IPv4 number
            "2001:db8::/32",
            "2002::/16",  # 6to4, which holds an IPv4 number
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)
_LOCAL_NAMES: Final = (
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain",
    "home.arpa", "in-addr.arpa", "ip6.arpa", "test", "example", "invalid", "onion", "alt",
)  # fmt: skip
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSAFE: Final = re.compile(r"[\x00-\x20\x7f\\]")
_PORTS: Final = {"http": 80, "https": 443}
_HOST_CHARS: Final = 253


class Refused(ValueError):
    """An address that isn't called."""


@frozen
class Target:
    """Where an address leads."""

    scheme: str
    host: str
    """ASCII: a name, or a number as it is usually written."""
    port: int
    path: str
    """With the query."""

    @property
    def address(self) -> str | None:
        """The number that is written there instead of a name."""
        try:
            return str(ip_address(self.host))
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def target(url: str, ports: Collection[int]) -> Target:
    """Take an address apart. Raises :class:`Refused` for what isn't plainly a public web page."""
    if _UNSAFE.search(url):
        raise Refused("spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("malformed") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise Refused("neither http nor https")
    if "@" in parts.netloc:
        raise Refused("a user's name before the host")
    port = _PORTS[scheme] if port is None else port
    if port not in ports:
        raise Refused("an unusual port")
    host = _host(parts.hostname or "")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return Target(scheme, host, port, f"{path}?{query}" if query else path)


def public(address: str) -> bool:
    """Whether a number is one of a machine on the public internet, and holds no other number."""
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if isinstance(number, IPv4Address):
        return not any(number in network for network in _NOT_PUBLIC_4)
    return _public_6(number)


def _public_6(number: IPv6Address) -> bool:
    return (
        number.scope_id is None
        and number in _PUBLIC_6
        and not any(number in network for network in _NOT_PUBLIC_6)
        and (int(number) >> 32) & 0xFFFFFFFF not in _ISATAP
    )


def _host(written: str) -> str:
    if ":" in written:
        return _literal(written)
    try:
        host = written.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        raise Refused("no host") from None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # Browsers and resolvers read 127.1, 0x7f000001, 2130706433 and 0177.0.0.1 as numbers:
        # only the usual form is read here.
        return _literal(host)
    if len(host) > _HOST_CHARS or not all(map(_NAME.fullmatch, labels)):
        raise Refused("no host")
    local = any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES)
    if len(labels) == 1 or local:
        raise Refused("a name of this network")
    return host


def _literal(written: str) -> str:
    if not public(written):
        raise Refused("no public address")
    return str(ip_address(written))
