"""A reference client: one device that keeps its state by the protocol's rules and nothing else.

It speaks wire-level JSON as Python dicts and does no input or output itself. Give it the answer of
``session.start``, live events in whatever order and number they come, and the answers to what it
asks; lose and repeat as you like. When :meth:`Client.next_request` is None it wants nothing more.

    client = Client("u1")
    client.start(started)
    while request := client.next_request():
        request.take(call(request.method, request.params))   # or request.refuse(code)
    client.receive(line)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from attrs import define, field, frozen

from chatcore.testing.held import Held

Json = dict[str, Any]
Phase = Literal["get", "members", "contacts", "bookmarks", "page", "pull", "held"]

ME: Final = "me"
_FETCHING: Final = ("get", "members", "contacts", "bookmarks", "page")


@frozen(eq=False)
class Ask:
    """A request to make: hand the answer to ``take``, or the error's code to ``refuse``."""

    method: str
    params: Json
    take: Callable[[Json], None]
    refuse: Callable[[str], None]


@define(eq=False)
class Position:
    """Where the client stands in a stream. While it isn't ``held``, live events wait."""

    stream: str
    phase: Phase = "get"
    cursor: str = ""
    rev: int = 0
    receipt_rev: int = 0
    pulled: bool = False
    """Whether the counters are known, or only the cursor."""
    page: str | None = None
    """The cursor of the list being fetched."""
    kept: list[Json] = field(factory=list)

    def judge(self, params: Json, counter: str) -> Literal["ignore", "apply", "pull"]:
        """The three-way rule."""
        held: int = getattr(self, counter)
        if params[counter] <= held:
            return "ignore"
        return "apply" if params["prev"] <= held else "pull"

    def place(self) -> Json:
        """What ``sync.pull`` is told."""
        place: Json = {"stream": self.stream, "cursor": self.cursor}
        if self.pulled:
            place |= {"rev": self.rev, "receipt_rev": self.receipt_rev}
        return place


@define(eq=False)
class Client:
    """One device of ``user_id``.

    ``window`` is how many messages of a conversation it fetches at first, ``pull_limit`` how many
    changes a stream it asks for at once.
    """

    user_id: str
    window: int = 50
    pull_limit: int = 50
    now: Callable[[], str] = field(default=lambda: "")
    """The time, as the server writes it."""
    since: str | None = None
    """What to start the next session with."""
    conversations: dict[str, Held] = field(factory=dict)
    blocks: dict[str, Json] = field(factory=dict)
    contacts: dict[str, Json] = field(factory=dict)
    """Those accepted, and the requests that wait."""
    scheduled: dict[str, Json] = field(factory=dict)
    """By id, the user's own messages that wait, failed or were rejected."""
    unheard: dict[str, Json] = field(factory=dict)
    """By id, messages that ``me`` alone has carried."""
    bookmarks: dict[str, Json] = field(factory=dict)
    """By message, without what a list shows of it."""
    hidden: set[str] = field(factory=set)
    """The ids of hidden messages that it heard of."""
    threads: dict[str, int] = field(factory=dict)
    """By thread, up to where the viewer has read it alone, as far as it heard."""
    ever_blocked: set[str] = field(factory=set)
    """Whom the user blocks, or has blocked as far as it heard."""
    votes: dict[str, list[int]] = field(factory=dict)
    """By message, how the viewer votes in it, as far as it heard."""
    closing: str | None = None
    """Why the server is about to close the connection."""
    positions: dict[str, Position] = field(factory=dict)
    _heads: tuple[str, str] | None = None
    """The cursor of the next page of heads, and the token that they lead to."""
    _lost: bool = False
    """Whether all has to begin anew, inside the session."""

    # What comes in.

    def start(self, started: Json) -> None:
        """A session has begun: the answer of ``session.start``."""
        self.closing, self._lost = None, False
        if ME not in self.positions:
            self.positions[ME] = Position(ME, cursor=started["heads"][0]["cursor"])
        self._take_heads(started, started["since"])

    def receive(self, line: Json) -> None:
        """A live event, as a decoded line of JSON-RPC."""
        method, params = line["method"], line["params"]
        if method == "session.reset":
            self._reset(params["stream"])
        elif method == "session.closing":
            self.closing = params["reason"]
        elif "prev" in params:
            position = self.positions.get(params["stream"])
            if position is not None:
                self._judge(position, line)

    def marked(self, conversation_id: str, answer: Json) -> None:
        """The answer to an own ``receipts.mark``."""
        held = self.conversations.get(conversation_id)
        position = self.positions.get(conversation_id)
        if held is None or position is None:
            return
        held.apply("receipts.moved", {"receipts": [answer["receipt"]]}, live=False)
        read = answer["receipt"]["read_seq"]
        exact = position.phase == "held" and answer["as_of_rev"] == position.rev
        # Whether it knows of messages hidden meanwhile, nobody can tell.
        if exact and read == held.read_seq and not held.doubtful and not held.hidden:
            held.take_counts(answer | {"read_seq": read}, held.doubts)
        else:
            held.doubts += 1
        self._settle(position)

    def tick(self) -> None:
        """Time has passed: what has expired is dropped."""
        for stream, held in self.conversations.items():
            held.tick()
            self._settle(self.positions[stream])

    # What is wanted.

    def next_request(self) -> Ask | None:
        """What to ask next; None when the client has all that it knows of."""
        if self._lost:
            return Ask("sync.heads", {}, self.start, _fail)
        if ME in self.positions and self.positions[ME].phase in _FETCHING:
            return self._fetch_me(self.positions[ME])
        if self._heads is not None:
            cursor, since = self._heads
            params = {"cursor": cursor, "since": self.since} if self.since else {"cursor": cursor}
            return Ask("sync.heads", params, lambda page: self._take_heads(page, since), _fail)
        for position in self.positions.values():
            if position.phase in _FETCHING:
                return self._fetch(position)
        wanted = [one for one in self.positions.values() if one.phase == "pull"][:100]
        return self._pull(wanted) if wanted else None

    # Heads.

    def _take_heads(self, answer: Json, since: str) -> None:
        for head in answer["heads"]:
            position = self.positions.get(head["stream"])
            if position is None:
                self._begin(head["stream"])
            elif position.phase == "held" and not _reached(position, head):
                position.phase = "pull"
        self._heads = None if answer["next"] is None else (answer["next"], since)
        if self._heads is None:
            self.since = since

    def _begin(self, stream: str) -> None:
        self.positions[stream] = Position(stream)
        self.conversations[stream] = Held(
            self.user_id,
            hidden=self.hidden,
            blocked=self.ever_blocked,
            votes=self.votes,
            now=self.now,
        )

    def _drop(self, stream: str) -> None:
        self.positions.pop(stream, None)
        self.conversations.pop(stream, None)

    def _reset(self, stream: str) -> None:
        if stream != ME:
            self._drop(stream)
            self._begin(stream)
            return
        self.positions.clear()
        self.conversations.clear()
        self.blocks.clear()
        self.contacts.clear()
        self.scheduled.clear()
        self.bookmarks.clear()
        self.hidden.clear()
        self.threads.clear()
        self.votes.clear()
        self.since, self._heads, self._lost = None, None, True

    # Fetching.

    def _fetch_me(self, me: Position) -> Ask:
        paged = {"cursor": me.page} if me.page else {}
        if me.phase == "get":
            return Ask("conversations.list", paged, lambda page: self._take_listed(me, page), _fail)
        if me.phase == "members":
            return Ask("blocks.list", paged, lambda page: self._take_blocks(me, page), _fail)
        if me.phase == "contacts":
            return Ask("contacts.list", paged, lambda page: self._take_contacts(me, page), _fail)
        if me.phase == "bookmarks":
            return Ask("bookmarks.list", paged, lambda page: self._take_bookmarks(me, page), _fail)
        return Ask("scheduled.list", paged, lambda page: self._take_scheduled(me, page), _fail)

    def _take_listed(self, me: Position, page: Json) -> None:
        for conversation in page["items"]:
            if conversation["id"] not in self.positions:
                self._begin(conversation["id"])
        self._turn(me, page, "members")

    def _take_blocks(self, me: Position, page: Json) -> None:
        for block in page["items"]:
            self.blocks[block["user_id"]] = block
            self.ever_blocked.add(block["user_id"])
        self._turn(me, page, "contacts")

    def _take_contacts(self, me: Position, page: Json) -> None:
        for contact in page["items"]:
            self.contacts[contact["user_id"]] = contact
        self._turn(me, page, "bookmarks")

    def _take_bookmarks(self, me: Position, page: Json) -> None:
        for bookmark in page["items"]:
            self._take_bookmark(bookmark)
        self._turn(me, page, "page")

    def _take_scheduled(self, me: Position, page: Json) -> None:
        for scheduled in page["items"]:
            self.scheduled[scheduled["id"]] = scheduled
        self._turn(me, page, "pull")

    def _turn(self, position: Position, page: Json, after: Phase) -> None:
        position.page = page["next"]
        if position.page is None:
            position.phase = after

    def _fetch(self, position: Position) -> Ask:
        stream = {"conversation_id": position.stream}
        held = self.conversations[position.stream]

        def current(take: Callable[[Json], None]) -> Callable[[Json], None]:
            return lambda answer: take(answer) if self._holds(position) else None

        def refuse(code: str) -> None:
            if self._holds(position):
                self._drop(position.stream)

        if position.phase == "get":
            take = current(lambda one: self._take_conversation(position, held, one))
            return Ask("conversations.get", stream, take, refuse)
        if position.phase == "members":
            paged = {"cursor": position.page} if position.page else {}
            take = current(lambda page: self._take_members(position, held, page))
            return Ask("members.list", stream | paged, take, refuse)
        take = current(lambda page: self._take_page(position, held, page))
        return Ask("messages.list", stream | {"limit": self.window}, take, refuse)

    def _holds(self, position: Position) -> bool:
        return self.positions.get(position.stream) is position

    def _take_conversation(self, position: Position, held: Held, conversation: Json) -> None:
        held.take_conversation(conversation)
        position.cursor = conversation["cursor"]
        position.phase = "members"

    def _take_members(self, position: Position, held: Held, page: Json) -> None:
        for member in page["items"]:
            held.apply_member(member, live=False)
        self._turn(position, page, "page")

    def _take_page(self, position: Position, held: Held, page: Json) -> None:
        held.take_page(page["items"], complete=page["next"] is None)
        position.phase = "pull"

    # Pulling.

    def _pull(self, wanted: list[Position]) -> Ask:
        places = [position.place() for position in wanted]
        params = {"streams": places, "limit": self.pull_limit}
        doubts = {id: held.doubts for id, held in self.conversations.items()}
        return Ask(
            "sync.pull", params, lambda answer: self._take_pull(wanted, doubts, answer), _fail
        )

    def _take_pull(self, wanted: list[Position], doubts: dict[str, int], answer: Json) -> None:
        asked = {one.stream: one for one in wanted if self._holds(one) and one.phase == "pull"}
        for skipped in answer["skipped"]:
            if skipped["stream"] in asked:
                held = self.conversations[skipped["stream"]]
                held.forget(skipped["from_seq"], skipped["to_seq"])
        for change in answer["changes"]:
            # A change of one's own affairs may have dropped a conversation meanwhile.
            if self._holds(asked.get(change["params"]["stream"], _NOWHERE)):
                self._apply(change["method"], change["params"], live=False)
        for pulled in answer["streams"]:
            position = asked.get(pulled["stream"])
            if position is not None and self._holds(position):
                self._reach(position, pulled, doubts.get(position.stream, 0))
        for stream in answer["reset"]:
            if stream in asked and self._holds(asked[stream]):
                self._reset(stream)

    def _reach(self, position: Position, pulled: Json, doubts: int) -> None:
        position.cursor, position.pulled = pulled["cursor"], True
        position.rev, position.receipt_rev = pulled["rev"], pulled["receipt_rev"]
        if pulled["more"]:
            return
        held = self.conversations.get(position.stream)
        if held is not None:
            held.take_counts(pulled["me"], doubts)
        position.phase = "held"
        kept, position.kept = position.kept, []
        for line in kept:
            self._judge(position, line)
        self._settle(position)

    # Applying.

    def _judge(self, position: Position, line: Json) -> None:
        if position.phase != "held":
            position.kept.append(line)
            return
        method, params = line["method"], line["params"]
        counter = "receipt_rev" if method == "receipts.moved" else "rev"
        verdict = position.judge(params, counter)
        if verdict == "pull":
            position.phase = "pull"
        elif verdict == "apply":
            setattr(position, counter, params[counter])
            self._apply(method, params, live=True)
            self._settle(position)

    def _settle(self, position: Position) -> None:
        """Ask where what is held doesn't tell."""
        held = self.conversations.get(position.stream)
        if held is None or position.phase != "held" or not self._holds(position):
            return
        if held.doubtful:
            position.phase = "pull"
        try:
            held.last_message()
        except LookupError:
            position.phase = "page"

    def _apply(self, method: str, params: Json, *, live: bool) -> None:
        stream = params["stream"]
        if method == "conversation.deleted":
            self._drop(stream)
        elif stream != ME:
            self.conversations[stream].apply(method, params, live=live)
        elif apply := self._personal_changes.get(method):
            apply(params)

    @property
    def _personal_changes(self) -> dict[str, Callable[[Json], None]]:
        """What becomes of each event of ``me`` that changes what is held."""
        return {
            "block.changed": self._apply_block,
            "bookmark.changed": lambda params: self._take_bookmark(params["bookmark"]),
            "contact.changed": self._apply_contact,
            "conversation.personal": self._apply_personal,
            "membership.changed": self._apply_membership,
            "message.hidden": self._apply_hidden,
            "message.sent": self._apply_unheard,
            "message.updated": self._apply_unheard,
            "scheduled.changed": self._apply_scheduled,
            "thread.marked": self._apply_thread,
            "vote.changed": self._apply_vote,
        }

    def _apply_membership(self, params: Json) -> None:
        conversation = params["conversation_id"]
        position = self.positions.get(conversation)
        if params["epoch"] is None:
            self._drop(conversation)
        elif position is None or position.phase in _FETCHING:
            # What is under way may be about an earlier membership.
            self._drop(conversation)
            self._begin(conversation)
        else:
            position.phase = "pull"

    def _apply_vote(self, params: Json) -> None:
        self.votes[params["message_id"]] = params["options"]

    def _apply_block(self, params: Json) -> None:
        """Mentions by this user that came before it may have been sent after it."""
        block = params["block"]
        self.ever_blocked.add(block["user_id"])
        for stream, held in list(self.conversations.items()):
            if held.unread_mentions:
                held.doubts += 1
                self._settle(self.positions[stream])
        if block["blocked"]:
            self.blocks[block["user_id"]] = block
        else:
            self.blocks.pop(block["user_id"], None)

    def _apply_contact(self, params: Json) -> None:
        contact = params["contact"]
        if contact["state"] in ("requested", "accepted"):
            self.contacts[contact["user_id"]] = contact
        else:
            self.contacts.pop(contact["user_id"], None)

    def _take_bookmark(self, bookmark: Json) -> None:
        kept = {name: value for name, value in bookmark.items() if name != "message"}
        if bookmark["bookmarked"]:
            self.bookmarks[bookmark["message_id"]] = kept
        else:
            self.bookmarks.pop(bookmark["message_id"], None)

    def _apply_personal(self, params: Json) -> None:
        conversation = params["conversation_id"]
        held = self.conversations.get(conversation)
        if held is not None:
            held.personalize(params["me"])
            self._settle(self.positions[conversation])

    def _apply_thread(self, params: Json) -> None:
        thread = params["thread_id"]
        self.threads[thread] = max(params["read_seq"], self.threads.get(thread, 0))

    def _apply_unheard(self, params: Json) -> None:
        self.unheard[params["message"]["id"]] = params["message"]

    def _apply_scheduled(self, params: Json) -> None:
        scheduled = params["scheduled"]
        self.scheduled[scheduled["id"]] = scheduled
        if scheduled["state"] in ("sent", "cancelled"):
            del self.scheduled[scheduled["id"]]

    def _apply_hidden(self, params: Json) -> None:
        self.hidden.add(params["message_id"])
        held = self.conversations.get(params["conversation_id"])
        if held is not None:
            held.hide(params["message_id"])
            self._settle(self.positions[params["conversation_id"]])


_NOWHERE: Final = Position("")


def _reached(position: Position, head: Json) -> bool:
    return (position.rev, position.receipt_rev) == (head["rev"], head["receipt_rev"])


def _fail(code: str) -> None:
    raise RuntimeError(f"the server refuses what any client may ask: {code}")
