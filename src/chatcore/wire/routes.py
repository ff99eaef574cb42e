"""The one route table: which operation stands at which method and path.

A parameter in braces is the operation's field of that name; the other fields come from the query
of a GET or DELETE and from the JSON body of everything else. What moves bytes or describes the
API itself has a name instead of an operation, and its answer is written out in the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from attrs import define, field, frozen

from chatcore import operations as ops
from chatcore.operations import Operation

PREFIX = "/v1"

_SECRETS = (PREFIX + "/account",)
"""Where a DELETE takes its fields as JSON, too: a password must not stand in a URL."""

_ONE = "/conversations/{conversation_id}"
_MESSAGE = _ONE + "/messages/{message_id}"


@frozen
class Route:
    """One row. ``name`` is the ``operationId``, ``status`` that of a success."""

    method: str
    path: str
    name: str
    status: int = 200

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))

    @property
    def has_body(self) -> bool:
        """Whether its fields come as JSON rather than in the query."""
        return self.method not in ("GET", "DELETE") or self.path in _SECRETS


@frozen
class OperationRoute(Route):
    """A row that runs an operation; a repeated key answers 200 where the first answered 201."""

    operation: type[Operation[Any]] = field(kw_only=True)


def _api(
    method: str, path: str, operation: type[Operation[Any]], status: int = 200
) -> OperationRoute:
    name = operation.spec.method
    return OperationRoute(method, PREFIX + path, name, status, operation=operation)


ROUTES: tuple[Route, ...] = (
    _api("POST", "/register", ops.Register, 201),
    _api("GET", "/availability", ops.CheckAvailability),
    _api("POST", "/login", ops.Login),
    _api("POST", "/guests", ops.EnterAsGuest, 201),
    _api("POST", "/account/upgrade", ops.UpgradeGuest),
    _api("POST", "/bots", ops.CreateBot, 201),
    _api("GET", "/bots", ops.ListBots),
    _api("POST", "/bots/{user_id}/token", ops.RenewBot),
    _api("DELETE", "/bots/{user_id}/token", ops.RevokeBot),
    _api("POST", "/resume", ops.Resume),
    _api("POST", "/logout", ops.Logout),
    _api("POST", "/password", ops.ChangePassword),
    _api("POST", "/password/reset-request", ops.RequestReset),
    _api("POST", "/password/reset", ops.ResetPassword),
    _api("PATCH", "/account", ops.UpdateAccount),
    _api("GET", "/sessions", ops.ListSessions),
    _api("DELETE", "/sessions/{session_id}", ops.RevokeSession),
    _api("GET", "/me", ops.GetMe),
    _api("PATCH", "/me", ops.UpdateMe),
    _api("GET", "/users", ops.ListUsers),
    _api("GET", "/users/search", ops.SearchUsers),
    _api("GET", "/users/{user_id}", ops.GetUser),
    _api("GET", "/contacts", ops.ListContacts),
    _api("POST", "/contacts", ops.RequestContact),
    _api("POST", "/contacts/{user_id}/respond", ops.RespondContact),
    _api("DELETE", "/contacts/{user_id}", ops.RemoveContact),
    _api("PUT", "/users/{user_id}/shadow-ban", ops.ShadowBan),
    _api("DELETE", "/users/{user_id}/shadow-ban", ops.LiftShadowBan),
    _api("GET", "/blocks", ops.ListBlocks),
    _api("PUT", "/blocks/{user_id}", ops.AddBlock),
    _api("DELETE", "/blocks/{user_id}", ops.RemoveBlock),
    _api("GET", "/bookmarks", ops.ListBookmarks),
    _api("PUT", "/bookmarks/{message_id}", ops.AddBookmark),
    _api("DELETE", "/bookmarks/{message_id}", ops.RemoveBookmark),
    _api("POST", "/conversations", ops.CreateConversation, 201),
    _api("GET", "/conversations", ops.ListConversations),
    _api("GET", _ONE, ops.GetConversation),
    _api("PATCH", _ONE, ops.UpdateConversation),
    _api("DELETE", _ONE, ops.DeleteConversation),
    _api("GET", "/discover", ops.DiscoverConversations),
    _api("POST", _ONE + "/join", ops.JoinConversation),
    _api("GET", _ONE + "/invites", ops.ListInvites),
    _api("POST", _ONE + "/invites", ops.CreateInvite, 201),
    _api("DELETE", _ONE + "/invites/{invite_id}", ops.RevokeInvite),
    _api("POST", "/invites/{code}/redeem", ops.RedeemInvite),
    _api("PATCH", _ONE + "/me", ops.PersonalizeConversation),
    _api("POST", _ONE + "/clear", ops.ClearConversation),
    _api("GET", _ONE + "/members", ops.ListMembers),
    _api("POST", _ONE + "/members", ops.AddMembers),
    _api("PATCH", _ONE + "/members/{user_id}", ops.UpdateMember),
    _api("DELETE", _ONE + "/members/{user_id}", ops.RemoveMember),
    _api("GET", _ONE + "/bans", ops.ListBans),
    _api("PUT", _ONE + "/bans/{user_id}", ops.BanMember),
    _api("DELETE", _ONE + "/bans/{user_id}", ops.UnbanMember),
    _api("POST", _ONE + "/leave", ops.Leave),
    _api("POST", _ONE + "/transfer", ops.TransferOwnership),
    _api("POST", _ONE + "/messages", ops.SendMessage, 201),
    _api("GET", _ONE + "/messages", ops.ListMessages),
    _api("GET", _MESSAGE, ops.GetMessage),
    _api("PATCH", _MESSAGE, ops.EditMessage),
    _api("DELETE", _MESSAGE, ops.DeleteMessage),
    _api("GET", "/search", ops.SearchMessages),
    _api("GET", _MESSAGE + "/status", ops.GetMessageStatus),
    _api("POST", _MESSAGE + "/forward", ops.ForwardMessage),
    _api("PUT", _MESSAGE + "/pin", ops.PinMessage),
    _api("DELETE", _MESSAGE + "/pin", ops.UnpinMessage),
    _api("GET", _MESSAGE + "/history", ops.ListRevisions),
    _api("POST", _MESSAGE + "/vote", ops.Vote),
    _api("POST", _MESSAGE + "/close", ops.ClosePoll),
    _api("PUT", _MESSAGE + "/reactions/{key}", ops.AddReaction),
    _api("DELETE", _MESSAGE + "/reactions/{key}", ops.RemoveReaction),
    _api("GET", _ONE + "/threads", ops.ListThreads),
    _api("POST", _ONE + "/receipts", ops.MarkReceipt),
    _api("GET", _ONE + "/receipts", ops.ListReceipts),
    _api("GET", "/scheduled", ops.ListScheduled),
    _api("PATCH", "/scheduled/{id}", ops.UpdateScheduled),
    _api("DELETE", "/scheduled/{id}", ops.CancelScheduled),
    _api("GET", "/scheduled/held", ops.ListHeld),
    _api("POST", "/scheduled/{id}/release", ops.ReleaseHeld),
    _api("POST", "/scheduled/{id}/reject", ops.RejectHeld),
    _api("GET", "/badge", ops.GetBadge),
    _api("POST", _ONE + "/typing", ops.SetTyping),
    _api("PUT", "/presence", ops.SetPresence),
    _api("GET", "/presence", ops.GetPresence),
    _api("POST", "/presence/watch", ops.WatchPresence),
    Route("POST", PREFIX + "/uploads", "uploads.create", 201),
    Route("GET", PREFIX + "/uploads/{upload_id}", "uploads.get"),
    Route("GET", PREFIX + "/uploads/{upload_id}/thumbnail", "uploads.thumbnail"),
    _api("GET", "/uploads/{upload_id}/info", ops.GetUpload),
    _api("DELETE", "/uploads/{upload_id}", ops.DeleteUpload),
    _api("DELETE", "/account", ops.DeleteAccount),
    _api("POST", "/account/export", ops.ExportAccount),
    _api("POST", "/reports", ops.CreateReport, 201),
    _api("GET", "/reports", ops.ListReports),
    _api("POST", "/reports/{id}/resolve", ops.ResolveReport),
    _api("GET", "/audit", ops.ListAudit),
    _api("POST", "/sync/heads", ops.GetHeads),
    _api("POST", "/sync", ops.Pull),
    Route("GET", PREFIX + "/stats", "stats.get"),
    Route("GET", PREFIX + "/openapi.json", "documents.openapi"),
    Route("GET", PREFIX + "/asyncapi.json", "documents.asyncapi"),
    Route("GET", "/healthz", "health.live"),
    Route("GET", "/readyz", "health.ready"),
)


@define
class _Node:
    """One segment of the paths: the literal ones below it, and the one that is a parameter."""

    literal: dict[str, _Node] = field(factory=dict)
    parameter: _Node | None = None
    routes: dict[str, Route] = field(factory=dict)

    def below(self, segment: str) -> _Node:
        """The node of a template's next segment, made where it is missing."""
        if not segment.startswith("{"):
            return self.literal.setdefault(segment, _Node())
        self.parameter = self.parameter or _Node()
        return self.parameter


def _tree(routes: tuple[Route, ...]) -> _Node:
    root = _Node()
    for route in routes:
        node = root
        for segment in route.path.split("/")[1:]:
            node = node.below(segment)
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = route
    return root


@frozen
class Match:
    """The routes at one path, by HTTP method, and what stands for their parameters."""

    routes: Mapping[str, Route]
    values: tuple[str, ...]

    def parameters(self, route: Route) -> dict[str, str]:
        """The decoded value of each name in the route's path."""
        return dict(zip(route.parameters, self.values, strict=True))


_ROOT = _tree(ROUTES)


def match(path: str) -> Match | None:
    """What stands at a percent-encoded path, literal segments first. None: nothing."""
    head, *segments = path.split("/")
    node, values = _ROOT, []
    for segment in segments:
        if segment in node.literal:
            node = node.literal[segment]
        elif segment and node.parameter:
            node = node.parameter
            values.append(segment)
        else:
            return None
    try:
        # Split before decoding: an encoded slash belongs to its value.
        decoded = tuple(unquote(value, errors="strict") for value in values)
    except UnicodeDecodeError:
        return None
    return Match(node.routes, decoded) if node.routes and not head else None
