"""People who talk to a server over HTTP, as a script of theirs would."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
from attrs import field, frozen

PASSWORD = "correct horse battery"
TIMEOUT_S = 20.0

_numbers = count(1)


@frozen
class Person:
    """Someone with an account and a session. ``http`` is signed in as them."""

    id: str
    username: str
    token: str
    http: httpx2.Client = field(repr=False)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Call an operation that has to succeed; its JSON."""
        answer = self.http.request(method, f"/v1/{path}", **more)
        assert answer.is_success, answer.text
        return answer.json()

    def direct(self, other: "Person") -> str:
        """The id of the direct conversation with another."""
        fields = {"kind": "direct", "user_id": other.id}
        return str(self.ask("POST", "conversations", json=fields)["id"])

    def group(self, title: str, *others: "Person") -> str:
        """The id of a new group of these."""
        ids = [other.id for other in others]
        fields = {"kind": "group", "title": title, "member_ids": ids}
        return str(self.ask("POST", "conversations", json=fields)["id"])

    def send(self, conversation: str, body: str, **fields: Any) -> dict[str, Any]:
        """Send a message; it as the server has it."""
        path = f"conversations/{conversation}/messages"
        return dict(self.ask("POST", path, json={"body": body, **fields}))

    def messages(self, conversation: str) -> list[dict[str, Any]]:
        """All messages, by rising seq, fetched page by page."""
        path, after, found = f"conversations/{conversation}/messages", 0, []
        while after is not None:
            page = self.ask("GET", path, params={"after": after, "limit": 100})
            found += page["items"]
            after = page["next"]
        return found


def register(url: str, name: str) -> Person:
    """Open an account; ``name`` gets a number, so that it is new."""
    http = httpx2.Client(base_url=url, timeout=TIMEOUT_S)
    username = f"{name}{next(_numbers)}"
    fields = {"username": username, "password": PASSWORD, "display_name": name.capitalize()}
    answer = http.post("/v1/register", json=fields)
    assert answer.status_code == 201, answer.text
    # The token alone speaks for them: the cookie would want a page's origin.
    http.cookies.clear()
    session = answer.json()["session"]
    http.headers["authorization"] = f"Bearer {session['token']}"
    return Person(answer.json()["user"]["id"], username, session["token"], http)


class People:
    """Registers people at one server, and closes their connections in the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._known: list[Person] = []

    def __call__(self, *names: str) -> tuple[Person, ...]:
        """Register these: ``ann, ben = people("ann", "ben")``."""
        self._known += (found := [register(self._url, name) for name in names])
        return tuple(found)

    def close(self) -> None:
        """Close their connections."""
        for person in self._known:
            person.http.close()


def knowing(url: str) -> Iterator[People]:
    """The body of a fixture."""
    people = People(url)
    yield people
    people.close()
