"""Who is there: leases, and what others may see of them.

A device is there while its lease holds. Leases merge by maximum, so heartbeats may repeat, cross
and come late. All times here are of one clock, the database's: a node's own never enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import evolve, frozen

from chatcore.ids import Milliseconds, to_datetime
from chatcore.models import Presence, UserSettings
from chatcore.rules import privacy
from chatcore.rules.privacy import Tie

Chosen = Literal["online", "away", "dnd", "invisible"]

OFFLINE: Final = Presence(status="offline")
_OPEN: Final = UserSettings()


@frozen(order=True)
class Lease:
    """One device's claim to be there.

    ``incarnation`` rises whenever the device starts anew, ``beat`` with each heartbeat of one
    incarnation. Leases are ordered by both; the expiry only settles which of two claims of the
    same heartbeat is kept.
    """

    incarnation: int
    beat: int
    expires_at: Milliseconds

    def closed(self, now: Milliseconds) -> Lease:
        """The claim that ends this one: newer than all its heartbeats so far, and already over."""
        return evolve(self, beat=self.beat + 1, expires_at=min(self.expires_at, now))


Devices = Mapping[str, Lease]
"""The newest lease known of each of a user's devices, closed and expired ones included."""


def merge(one: Devices, other: Devices) -> Devices:
    """What both know: the newer lease of each device."""
    merged = dict(one)
    for device, lease in other.items():
        held = merged.get(device)
        merged[device] = lease if held is None else max(held, lease)
    return merged


def online(devices: Devices, now: Milliseconds) -> bool:
    """Whether any device's lease holds."""
    return any(now < lease.expires_at for lease in devices.values())


def seen(last_seen: Milliseconds | None, at: Milliseconds, now: Milliseconds) -> Milliseconds:
    """``last_seen`` after the user was there at ``at``: it never falls, and no claim is of later.

    Not to be called while the user is invisible: the time at which they hid stays.
    """
    return max(min(at, now), last_seen or 0)


@frozen(kw_only=True)
class State:
    """What is known of a user: the lease's answer, and what they chose."""

    online: bool = False
    status: Chosen = "online"
    text: str | None = None
    until: Milliseconds | None = None
    """When status and text end, if they do."""
    last_seen: Milliseconds | None = None


def visible(
    state: State, now: Milliseconds, settings: UserSettings = _OPEN, tie: Tie = privacy.NONE
) -> Presence:
    """What another user may know, with whom this one has ``tie`` and who chose ``settings``.

    Across a block there is nobody. Who hides is offline, without a text. Who is invisible looks
    like one who left when they became so.
    """
    if tie.blocked:
        return OFFLINE
    last_seen = None
    if state.last_seen is not None and privacy.open_to(settings.last_seen, tie):
        last_seen = to_datetime(min(state.last_seen, now))
    if not privacy.open_to(settings.presence, tie):
        return Presence(status="offline", last_seen=last_seen)
    over = state.until is not None and state.until <= now
    chosen: Chosen = "online" if over else state.status
    text = None if over else state.text
    if state.online and chosen != "invisible":
        return Presence(status=chosen, text=text)
    return Presence(status="offline", last_seen=last_seen, text=text)


def splits(settings: UserSettings) -> bool:
    """Whether contacts may know more than others."""
    return "contacts" in (settings.presence, settings.last_seen)


@frozen(kw_only=True)
class Looks:
    """How one user looks to everybody with whom there is no block."""

    others: Presence
    contacts: Presence


def looks(state: State, now: Milliseconds, settings: UserSettings) -> Looks:
    """:func:`visible` for both kinds of people."""
    return Looks(
        others=visible(state, now, settings),
        contacts=visible(state, now, settings, Tie(contact=True)),
    )
