"""The table of limits: each has its default, a place that keeps it, and a test at it and past it.

Limits of an operation's fields are reached by the bounds that the fields declare, and all of them
are tried at the limit and one past it in ``tests/operations/test_bad_input.py``. The rows below are
of all others.
"""

import re
from pathlib import Path
from typing import Final

import attrs
import pytest

from chatcore.config import Limits
from tests.operations.test_bad_input import FIELDS
from tests.operations.wrong import named_limits

ROOT: Final = Path(__file__).parent.parent

# limit | where it is kept, under src/chatcore | the test, under tests
ROWS: Final = """
frame_bytes                    codec.py               test_codec.py::test_size_is_in_bytes
answer_bytes                   services/paging.py     services/test_message_pages.py::test_a_large_page_ends_early
json_depth                     codec.py               test_codec.py::test_depth
json_keys                      codec.py               test_codec.py::test_keys_are_bounded
body_s                         wire/requests.py       wire/test_http_requests.py::test_a_body_that_doesnt_come_is_given_up
reactions                      services/reactions.py  services/test_reactions.py::test_kinds_are_bounded
bookmarks                      services/bookmarks.py  services/test_bookmarks.py::test_there_are_only_so_many
pins                           services/pins.py       services/test_pins.py::test_pins_are_few
revisions                      services/revisions.py  services/test_revisions.py::test_versions_are_kept_and_bounded
search_words                   services/search.py     services/test_search.py::test_a_query_has_bounds
contacts                       services/contacts.py   services/test_contacts.py::test_at_most_so_many
phone_lookups                  wire/logins.py         wire/test_http_logins.py::test_phone_numbers_are_not_to_be_tried_out
phone_lookups_window_s         wire/logins.py         wire/test_http_logins.py::test_phone_numbers_are_not_to_be_tried_out
scheduled_a_user               services/deferrals.py  services/test_scheduled.py::test_how_many_may_wait
scheduled_ahead_s              services/deferrals.py  services/test_scheduled.py::test_what_could_not_be_sent_now_is_refused_now
page                           services/paging.py     services/test_message_pages.py::test_pages_make_the_whole_list
group_members                  services/members.py    services/test_members.py::test_a_group_is_bounded
invites                        services/invites.py    services/test_invites.py::test_links_are_few
unread_exact                   services/faces.py      services/test_receipts.py::test_counts_are_exact_up_to_a_bound
pull_window                    services/sync.py       services/test_sync.py::test_after_a_long_absence_old_changes_are_skipped
heads                          services/sync.py       services/test_heads.py::test_pages_of_heads
open_reports                   services/reports.py    services/test_reports.py::test_nobody_floods_the_queue
sockets_a_user                 delivery/hub.py        wire/test_realtime_limits.py::test_one_socket_too_many_closes_the_oldest
unauthenticated_sockets_an_address wire/limits.py     wire/test_limits.py::test_an_address_holds_so_many_unauthenticated_sockets
authenticate_s                 wire/realtime.py       wire/test_realtime_limits.py::test_who_never_starts_is_closed
in_flight                      wire/realtime.py       wire/test_realtime.py::test_only_so_many_are_in_flight
outbox_events                  delivery/outbox.py     delivery/test_outbox.py::test_one_past_the_limit_closes
outbox_bytes                   delivery/outbox.py     delivery/test_outbox.py::test_one_past_the_limit_closes
ping_s                         cli/server.py          test_limits_table.py::test_the_demos_server_pings
ping_timeout_s                 wire/realtime.py       wire/test_realtime_limits.py::test_patience_ends_some_time_after_the_closing
sends                          wire/quotas.py         wire/test_realtime_limits.py::test_sends_are_limited_a_user
sends_window_s                 wire/quotas.py         wire/test_limits.py::test_sends_are_counted_a_user
requests_a_minute              wire/limits.py         wire/test_limits.py::test_a_socket_refuses_state_first
requests_burst                 wire/admission.py      wire/test_http.py::test_requests_are_counted
requests_a_minute_an_address   wire/admission.py      wire/test_quotas.py::test_an_address_has_requests_for_all_its_users
requests_burst_an_address      wire/admission.py      wire/test_quotas.py::test_an_address_has_requests_for_all_its_users
registrations_an_hour_an_address wire/quotas.py       wire/test_quotas.py::test_each_rate_lets_through_what_it_says
searches_a_minute              wire/quotas.py         wire/test_quotas.py::test_each_rate_lets_through_what_it_says
joins_a_minute                 wire/quotas.py         wire/test_quotas.py::test_each_rate_lets_through_what_it_says
contact_requests_an_hour       wire/quotas.py         wire/test_quotas.py::test_each_rate_lets_through_what_it_says
contact_requests_an_hour_an_address wire/quotas.py    wire/test_quotas.py::test_each_rate_lets_through_what_it_says
reports_an_hour                wire/quotas.py         wire/test_quotas.py::test_each_rate_lets_through_what_it_says
uploads_a_minute               wire/quotas.py         wire/test_quotas.py::test_uploads_are_counted
password_min_bytes             security/passwords.py  security/test_passwords.py::test_limits_are_the_hosts
login_failures_an_account      wire/logins.py         wire/test_http_logins.py::test_an_account_is_closed_to_guessing
login_failures_an_address      wire/logins.py         wire/test_http_logins.py::test_an_address_is_closed_to_guessing
login_window_s                 wire/logins.py         wire/test_http_logins.py::test_it_opens_again
reset_code_s                   services/resets.py     services/test_resets.py::test_a_code_is_over_after_ten_minutes
reset_codes                    services/resets.py     services/test_resets.py::test_asking_again_spoils_nothing
reset_guesses                  services/resets.py     services/test_resets.py::test_guesses_are_bounded
reset_requests_an_account      wire/logins.py         wire/test_http_logins.py::test_codes_are_asked_for_a_few_times
reset_requests_an_address      wire/logins.py         wire/test_http_logins.py::test_codes_are_asked_for_a_few_times
availability_checks_an_address wire/quotas.py         wire/test_http_logins.py::test_availability_is_asked_a_few_times
guests_an_address              wire/logins.py         wire/test_http_logins.py::test_guests_come_in_a_few_times
bots_a_user                    services/bots.py       services/test_bots.py::test_bots_are_their_makers
bot_token_s                    services/bots.py       services/test_bots.py::test_a_bot_talks
hashing_threads                engine.py              services/test_accounts.py::test_hashing_has_a_bounded_queue
hashing_waiting                engine.py              services/test_accounts.py::test_hashing_has_a_bounded_queue
session_idle_s                 services/accounts.py   services/test_accounts.py::test_an_idle_session_ends
session_fresh_s                flows/erasure.py       flows/test_erasure.py::test_ones_own_account_in_a_fresh_session_or_with_the_password
session_absolute_s             services/accounts.py   services/test_accounts.py::test_a_session_ends_at_last
typing_s                       flows/presence.py      rules/test_typing.py::test_a_lease_ends_by_itself
presence_lease_s               flows/presence.py      services/test_presence.py::test_a_silent_node_loses_its_users
presence_grace_s               flows/presence.py      services/test_presence.py::test_who_is_connected_is_online
presence_interval_s            delivery/hub.py        delivery/test_hub_state.py::test_presence_changes_at_most_once_an_interval
receipts_interval_s            delivery/hub.py        delivery/test_hub_state.py::test_at_most_one_announcement_an_interval
typing_everyone                services/typing.py     services/test_typing.py::test_typing_in_large_groups_goes_where_one_looks
receipts_everyone              services/receipts.py   services/test_receipts.py::test_receipts_of_large_groups_go_where_one_looks
upload_bytes                   flows/uploads.py       flows/test_uploads.py::test_the_size_limit
quota_bytes                    flows/uploads.py       flows/test_uploads.py::test_the_quota
image_pixels                   flows/uploads.py       flows/test_uploads.py::test_a_huge_image_in_few_bytes
multipart_parts                wire/multipart.py      wire/test_http_uploads.py::test_what_is_beside_the_file_is_bounded
multipart_field_bytes          wire/multipart.py      wire/test_http_uploads.py::test_what_is_beside_the_file_is_bounded
preview_s                      media/previews.py      media/test_previews.py::test_a_server_that_is_slow_is_left
preview_bytes                  media/previews.py      media/test_previews.py::test_a_page_is_read_up_to_a_limit
preview_redirects              media/previews.py      media/test_previews.py::test_redirects_have_a_limit
previews_at_once               flows/previews.py      flows/test_previews.py::test_too_many_links_at_once_are_not_waited_for
previews_waiting               flows/previews.py      flows/test_previews.py::test_too_many_links_at_once_are_not_waited_for
"""  # noqa: E501

NOT_YET: Final = {"link_s"}
"""Signed addresses of files: they come with the links that have them."""

MB, KIB, MINUTE, DAY = 1_000_000, 1_024, 60, 86_400

DEFAULTS: Final = {
    "frame_bytes": 64 * KIB, "json_depth": 16, "json_keys": 256,
    "requests_a_minute": 600, "requests_burst": 200, "sends": 30, "sends_window_s": 10,
    "body_chars": 4_000, "body_bytes": 16 * KIB, "key_chars": 64,
    "sockets_a_user": 10, "unauthenticated_sockets_an_address": 100, "authenticate_s": 5,
    "outbox_events": 2_048, "outbox_bytes": 4 * KIB * KIB, "ping_s": 25, "ping_timeout_s": 20,
    "page": 50, "page_max": 100, "unread_exact": 1_000, "mentions": 50, "reactions": 20,
    "group_members": 1_000, "upload_bytes": 50 * MB, "quota_bytes": 1_000 * MB,
    "image_pixels": 32 * MB, "multipart_parts": 20, "multipart_field_bytes": 64 * KIB,
    "link_s": 5 * MINUTE, "password_min_bytes": 8, "password_max_bytes": 1_024,
    "login_failures_an_account": 5, "login_failures_an_address": 20, "login_window_s": 15 * MINUTE,
    "session_idle_s": 7 * DAY, "session_absolute_s": 30 * DAY, "reset_code_s": 10 * MINUTE,
    "typing_s": 6, "presence_lease_s": 45, "presence_grace_s": 15, "receipts_interval_s": 1,
}  # fmt: skip
"""What is promised to those who never set a limit: changing one of these is a change for them."""


def rows() -> dict[str, tuple[str, str]]:
    """By limit, where it is kept and what tests it."""
    split = [line.split() for line in ROWS.strip().splitlines()]
    return {name: (place, test) for name, place, test in split}


EVERY: Final = [one.name for one in attrs.fields(Limits)]


def test_every_limit_has_a_row() -> None:
    """A limit that nobody put into the table fails."""
    named = {name for _, _, kind in FIELDS for name in named_limits(kind)}
    assert {*EVERY} - named - NOT_YET <= rows().keys()


@pytest.mark.parametrize("name", [name for name in rows() if name in EVERY])
def test_a_limit_is_kept_where_its_row_says(name: str) -> None:
    """The place reads it, and the test is there."""
    place, test = rows()[name]
    assert re.search(rf"[.\"]{name}\b", (ROOT / "src/chatcore" / place).read_text())
    path, _, function = test.partition("::")
    assert re.search(rf"^ *(async )?def {function}\(", (ROOT / "tests" / path).read_text(), re.M)


def test_defaults_are_what_was_promised() -> None:
    """Number by number."""
    assert {name: getattr(Limits(), name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("name", EVERY)
def test_a_limit_is_above_zero(name: str) -> None:
    """Nothing means no limit: whoever wants none says a large number."""
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("members", "fits"), [(1, False), (2, True), (10_000, True), (10_001, False)]
)
def test_a_group_has_room_for_two_and_ten_thousand(members: int, fits: bool) -> None:
    """What was measured, and not more."""
    if fits:
        assert Limits(group_members=members).group_members == members
    else:
        with pytest.raises(ValueError, match="group_members"):
            Limits(group_members=members)


def test_the_demos_server_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is gone is noticed, since browsers answer pings by themselves."""
    server = pytest.importorskip("chatcore.cli.server")
    seen = []
    monkeypatch.setattr(server._Server, "run", lambda self: seen.append(self.config))
    server.serve(lambda: None, "127.0.0.1", 0)
    limits = Limits()
    assert seen[0].ws_ping_interval == limits.ping_s
    assert seen[0].ws_ping_timeout == limits.ping_timeout_s
