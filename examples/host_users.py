"""Chat for the users that an application has already: its own table, its own login, one cookie.

    pip install 'chatcore[demo]' && python examples/host_users.py

The shop below keeps customers and their logins in its own tables. It mounts chat under /chat and
gives it two things: a Directory, to show people by their ids, and an Authenticator, to tell by the
shop's cookie who somebody is. Chat itself keeps no accounts then.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import sqlalchemy as sa
import uvicorn
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette_app import create_app as create_chat

from chatcore import Actor, User
from chatcore.ids import SessionId, UserId
from chatcore.ports.identity import Authenticator, Credentials, Directory

metadata = sa.MetaData()
_number = sa.Column("number", sa.String(20), primary_key=True)
_name, _password = sa.Column("name", sa.String(80)), sa.Column("password", sa.String(200))
customers = sa.Table("customers", metadata, _number, _name, _password)
_id, _customer = sa.Column("id", sa.String(64), primary_key=True), sa.Column("customer", sa.Text)
logins = sa.Table("logins", metadata, _id, _customer)
COOKIE, OPENED = "shop", datetime(2026, 1, 1, tzinfo=UTC)
PASSWORDS, UNKNOWN = PasswordHasher(), PasswordHasher().hash(secrets.token_urlsafe())


class Shop(Directory, Authenticator):
    """The application's own users, as chat sees them."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        metadata.create_all(engine)

    def add(self, number: str, name: str, password: str) -> None:
        row = {"number": number, "name": name, "password": PASSWORDS.hash(password)}
        with self.engine.begin() as connection:
            connection.execute(sa.insert(customers), row)

    def login(self, number: str, password: str) -> str | None:
        """A value for the cookie, of which the database keeps only a hash."""
        token = secrets.token_urlsafe()
        with self.engine.begin() as connection, suppress(VerificationError):
            known = sa.select(customers.c.password).where(customers.c.number == number)
            PASSWORDS.verify(connection.scalar(known) or UNKNOWN, password)
            connection.execute(sa.insert(logins), {"id": login_id(token), "customer": number})
            return token
        return None

    def logout(self, token: str) -> Actor | None:
        actor = self.authenticate(Credentials(token=token))
        with self.engine.begin() as connection:
            connection.execute(sa.delete(logins).where(logins.c.id == login_id(token)))
        return actor

    def authenticate(self, shown: Credentials) -> Actor | None:
        id = login_id(shown.cookies.get(COOKIE) or shown.token or "")
        with self.engine.connect() as connection:
            customer = connection.scalar(sa.select(logins.c.customer).where(logins.c.id == id))
        return None if customer is None else Actor(UserId(customer), SessionId(id))

    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        found = self._cards(sa.select(customers).where(customers.c.number.in_(user_ids)))
        return {user.id: user for user in found}

    def search(self, prefix: str, after: UserId | None, limit: int) -> Sequence[User]:
        chosen = sa.select(customers).where(customers.c.number > (after or ""))
        chosen = chosen.where(customers.c.name.istartswith(prefix, autoescape=True))
        return self._cards(chosen.order_by(customers.c.number).limit(limit))

    def _cards(self, statement: sa.Select) -> list[User]:
        with self.engine.connect() as connection:
            rows = connection.execute(statement).all()
        return [User(id=row.number, display_name=row.name, created_at=OPENED) for row in rows]


def login_id(token: str) -> str:
    """What the database knows of a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


def create_app(shop: Shop, database: str = "sqlite:///shop.db") -> Starlette:
    """The shop with its chat, whose tables stand beside the shop's own."""
    chat = create_chat(database, "shop-files", directory=shop, authenticator=shop)

    async def login(request: Request) -> Response:
        token = await run_in_threadpool(shop.login, **await request.json())
        answer = Response(status_code=204 if token else 401)
        answer.set_cookie(COOKIE, token or "", httponly=True, samesite="lax")
        return answer

    async def logout(request: Request) -> Response:
        if actor := await run_in_threadpool(shop.logout, request.cookies.get(COOKIE, "")):
            await chat.state.engine.end_session(actor.id, actor.session_id)
        return Response(status_code=204)

    routes = [Route(f"/{one.__name__}", one, methods=["POST"]) for one in (login, logout)]
    routes.append(Mount("/chat", chat))
    return Starlette(routes=routes, lifespan=lambda _: chat.router.lifespan_context(chat))


if __name__ == "__main__":
    shop = Shop(sa.create_engine("sqlite:///shop.db"))
    if not shop.cards([UserId("c-1")]):
        shop.add("c-1", "Ada", "correct horse")
        shop.add("c-2", "Ben", "correct horse")
    uvicorn.run(create_app(shop), port=8765, ws="websockets-sansio", ws_per_message_deflate=False)
