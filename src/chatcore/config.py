"""Settings and limits: frozen, validated, every default with its reason.

Nothing here is read from the environment. A host that needs more says so: ``Limits(body_chars=…)``.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen, validators


def _positive(default: float) -> Any:
    return field(default=default, validator=validators.gt(0))


# Looked up by at every request: its hash is taken once.
@frozen(kw_only=True, cache_hash=True)
class Limits:
    """Every bound the engine keeps. Sizes in bytes, times in seconds, unless the name says other.

    A field past its limit is ``invalid``, a frame, body or file ``too_large``, a rate
    ``rate_limited``.
    """

    # What one request may weigh: room for any message, small enough to parse on the event loop.
    frame_bytes: int = _positive(64 * 1024)
    answer_bytes: int = _positive(256 * 1024)
    json_depth: int = _positive(16)
    json_keys: int = _positive(256)
    # A body that trickles in holds a connection of the host's server: so long for all of a JSON
    # body, and for each next piece of a file.
    body_s: float = _positive(30.0)

    # What a field may hold.
    body_chars: int = _positive(4_000)
    body_bytes: int = _positive(16 * 1024)
    key_chars: int = _positive(64)
    custom_bytes: int = _positive(4 * 1024)
    name_chars: int = _positive(80)
    text_chars: int = _positive(500)
    url_chars: int = _positive(2_048)
    mentions: int = _positive(50)
    reactions: int = _positive(20)
    reaction_chars: int = _positive(32)
    attachments: int = _positive(20)
    forward_targets: int = _positive(20)
    pins: int = _positive(50)
    revisions: int = _positive(50)
    poll_options: int = field(default=12, validator=validators.ge(2))
    # Labels are words on a small badge, and a list shows those of every conversation.
    bookmarks: int = _positive(1_000)
    labels: int = _positive(20)
    label_chars: int = _positive(40)
    # A query is typed by hand; each of its words costs a look into the index.
    search_chars: int = _positive(200)
    search_words: int = _positive(16)
    contacts: int = _positive(5_000)
    # Whether a number has an account can be guessed at: enough for an address book, no range.
    phone_lookups: int = _positive(60)
    phone_lookups_window_s: float = _positive(3_600.0)

    # Messages that wait: enough for a person's plans, few enough to be fired in one go.
    scheduled_a_user: int = _positive(100)
    scheduled_ahead_s: int = _positive(366 * 86_400)

    # How far ahead a conversation may say when messages go.
    expire_after_s: int = _positive(366 * 86_400)
    retention_days: int = _positive(36_500)

    # How much a list, a group or a pull may hold.
    page: int = _positive(50)
    page_max: int = _positive(100)
    group_members: int = field(default=1_000, validator=[validators.ge(2), validators.le(10_000)])
    members_a_request: int = _positive(100)
    # Slow mode: longer waits are what announcements are for.
    slow_mode_s: int = _positive(6 * 3_600)
    # Links of invitation: nobody overlooks more, and a forgotten one ends by itself.
    invites: int = _positive(100)
    invite_uses: int = _positive(10_000)
    invite_s: int = _positive(365 * 86_400)
    unread_exact: int = _positive(1_000)
    pull_streams: int = _positive(100)
    pull_window: int = _positive(1_000)
    heads: int = _positive(500)
    watched: int = _positive(500)

    # What one person may have waiting for an operator: a flood of reports buries the true ones.
    open_reports: int = _positive(50)

    # Connections: a slow or hostile client must cost its own connection only.
    sockets_a_user: int = _positive(10)
    unauthenticated_sockets_an_address: int = _positive(100)
    authenticate_s: float = _positive(5.0)
    in_flight: int = _positive(32)
    outbox_events: int = _positive(2_048)
    outbox_bytes: int = _positive(4 * 1024 * 1024)
    ping_s: float = _positive(25.0)
    ping_timeout_s: float = _positive(20.0)

    # Rates.
    sends: int = _positive(30)
    sends_window_s: float = _positive(10.0)
    requests_a_minute: int = _positive(600)
    requests_burst: int = _positive(200)
    # By user, and by address, which a whole office may share. Windows are in their names.
    requests_a_minute_an_address: int = _positive(6_000)
    requests_burst_an_address: int = _positive(2_000)
    registrations_an_hour_an_address: int = _positive(60)
    searches_a_minute: int = _positive(120)
    joins_a_minute: int = _positive(30)
    contact_requests_an_hour: int = _positive(60)
    contact_requests_an_hour_an_address: int = _positive(600)
    reports_an_hour: int = _positive(30)
    uploads_a_minute: int = _positive(60)

    # Accounts. Argon2id takes 64 MiB and 0.1 s a hash: few at a time, and a bounded queue.
    password_min_bytes: int = _positive(8)
    password_max_bytes: int = _positive(1_024)
    login_failures_an_account: int = _positive(5)
    login_failures_an_address: int = _positive(20)
    login_window_s: float = _positive(15 * 60.0)
    reset_code_s: float = _positive(10 * 60.0)
    reset_codes: int = _positive(3)
    reset_guesses: int = _positive(5)
    reset_requests_an_account: int = _positive(3)
    reset_requests_an_address: int = _positive(20)
    availability_checks_an_address: int = _positive(60)
    guests_an_address: int = _positive(10)
    # A bot's token is revoked, not left to end.
    bot_token_s: float = _positive(5 * 365 * 86_400.0)
    bots_a_user: int = _positive(20)
    hashing_threads: int = _positive(2)
    hashing_waiting: int = _positive(64)
    session_idle_s: float = _positive(7 * 86_400.0)
    session_fresh_s: float = _positive(10 * 60.0)
    session_absolute_s: float = _positive(30 * 86_400.0)

    # Leases of what is never stored, or only for a while.
    typing_s: float = _positive(6.0)
    presence_lease_s: float = _positive(45.0)
    presence_grace_s: float = _positive(15.0)
    presence_interval_s: float = _positive(5.0)
    receipts_interval_s: float = _positive(1.0)

    # From how many members on typing and receipts go only to those who look at the conversation.
    typing_everyone: int = _positive(200)
    receipts_everyone: int = _positive(100)

    # Files. 32 megapixels decode to about 128 MB.
    upload_bytes: int = _positive(50_000_000)
    quota_bytes: int = _positive(1_000_000_000)
    image_pixels: int = _positive(32_000_000)
    multipart_parts: int = _positive(20)
    multipart_field_bytes: int = _positive(64 * 1024)
    link_s: float = _positive(300.0)

    # Previews of links: a stranger's server may be slow, endless, or send in circles.
    preview_s: float = _positive(5.0)
    preview_bytes: int = _positive(128 * 1024)
    preview_redirects: int = field(default=3, validator=validators.ge(0))
    previews_at_once: int = _positive(4)
    previews_waiting: int = _positive(256)


@frozen(kw_only=True)
class Settings:
    """How one engine behaves; what a host may reasonably want otherwise."""

    table_prefix: str = field(default="chat_", validator=validators.matches_re(r"[a-z_]{0,20}"))
    """Before every table's name, so that chatcore can sit in the host's own database."""

    history: Literal["joined", "shared"] = field(
        default="joined", validator=validators.in_(("joined", "shared"))
    )
    """What those who join a new group later may read: from their joining on, or everything."""

    secret: str | None = field(
        default=None, repr=False, validator=validators.optional(validators.min_len(32))
    )
    """At least 32 random characters of the host's, kept out of the database: with it a link of
    invitation can be shown again, without it only once. The same for all who share a database."""

    edit_history: Literal["sender", "moderators", "members"] = field(
        default="moderators", validator=validators.in_(("sender", "moderators", "members"))
    )
    """Who may read what a message said before an edit: its sender alone, a group's admins too, or
    everybody who sees it. That it was edited everybody sees."""

    mention_all: Literal["member", "admin"] = field(
        default="member", validator=validators.in_(("member", "admin"))
    )
    """The least role that may mention ``all`` in a group."""

    list_users: bool = True
    """Whether anyone signed in may page through all users; search and get work either way."""

    operators: frozenset[str] = field(default=frozenset(), converter=frozenset)
    """Ids of the users who may do what only operators may, however they sign in. Nobody by default.

    Code of the host needs no entry: ``Actor(None, operator=True)``.
    """

    guests: bool = False
    """Whether people may come in without an account."""

    guests_may_not: frozenset[str] = field(
        default=frozenset(
            {"bots.create", "contacts.request", "invites.create", "users.list", "users.search"}
        ),
        converter=frozenset,
    )
    """Methods kept from guests: by default what would let strangers look people up or spread."""

    user_bots: bool = False
    """Whether everybody may make bots; operators always may."""

    bots_may_not: frozenset[str] = field(
        default=frozenset({"bots.create", "accounts.delete"}), converter=frozenset
    )
    """Methods kept from bots."""

    phone_region: str | None = field(
        default=None, validator=validators.optional(validators.matches_re("[A-Z]{2}"))
    )
    """The country (``DE``) of phone numbers written without one; needs the extra ``identity``."""
    audit_days: float = _positive(365.0)
    """How long the audit log keeps an act: long enough to look into last year's."""

    deleted_name: str = field(default="Deleted user", validator=validators.min_len(1))
    """What stands in the place of a name once its account is gone."""

    report_days: float = _positive(180.0)
    """How long a report is kept once it is resolved. Open ones wait for ever."""

    batch_operations: int = _positive(256)
    batch_conversations: int = _positive(64)
    """What one transaction takes at most: long enough to share a commit, short enough to wait."""

    read_operations: int = _positive(16)
    """What one snapshot answers at most. Reads share no commit: a long one delays few others."""

    readers: int = _positive(2)
    """Threads that answer reads, each on its own snapshot."""

    batch_rows_s: float = _positive(3_600.0)
    """How long the row of a batch lives: it settles a broken commit and feeds the sweep."""

    transaction_s: float = _positive(10.0)
    """A transaction older than this may not commit. The overlap of ``since`` is longer."""

    retention_days: int | None = field(
        default=None, validator=validators.optional(validators.gt(0))
    )
    """How many days messages are kept at most. None: for ever, where no conversation says less."""

    prune_interval_s: float = _positive(3_600.0)
    """How often an engine looks for messages that are older than they may be."""

    moderator_s: float = _positive(2.0)
    """How long the host's moderator may take over one message: people wait for it."""

    moderator_fails: Literal["open", "closed"] = field(
        default="open", validator=validators.in_(("open", "closed"))
    )
    """What becomes of a message where the moderator fails: it is sent, or refused for now."""

    moderator_threads: int = _positive(8)
    """How many messages a moderator that isn't asynchronous looks at at once."""

    chores_interval_s: float = _positive(30.0)
    """How often an engine looks for what has to be done by itself. A scheduled message is sent at
    its time; one that a process took which has ended since, at most so much later."""

    chores_pause_s: float = _positive(0.05)
    """Between two steps of a chore that has more to do: nobody else waits longer for it."""

    heartbeat_s: float = _positive(15.0)
    """How often a node renews its presence lease."""
