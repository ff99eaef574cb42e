"""Accounts under two engines at once: a name is one person's, and a code is good once."""

import pytest

from chatcore.config import Settings
from chatcore.errors import ChatError
from chatcore.flows import resets
from chatcore.models import ANONYMOUS, Authenticated, Done, User
from chatcore.operations import (
    CheckAvailability,
    EnterAsGuest,
    Login,
    Register,
    RequestReset,
    ResetPassword,
    UpdateAccount,
    UpgradeGuest,
)
from chatcore.testing.fakes import KeepingMailer
from tests.concurrency.racing import ROUNDS, Engines, ask, race, register
from tests.people import PASSWORD


@pytest.fixture
def host_settings() -> Settings:
    """Guests come in."""
    return Settings(guests=True)


@ROUNDS
def test_an_address_is_one_persons(engines: Engines, rounds: int) -> None:
    """Of all who want it at once, to register with it, move to it or come up to it, one gets it."""
    one, other = engines
    for number in range(rounds):
        mail = f"a{number}@example.com"
        (mover,) = register(one, f"mover{number}")
        guest = other.execute(ANONYMOUS, EnterAsGuest()).actor
        outcomes = race(
            ask(one, ANONYMOUS, Register(f"x{number}", PASSWORD, email=mail)),
            ask(other, ANONYMOUS, Register(f"y{number}", PASSWORD, email=mail.upper())),
            ask(other, mover, UpdateAccount(email=mail, current=PASSWORD)),
            ask(one, guest, UpgradeGuest(password=PASSWORD, email=mail)),
        )
        won = [found for found in outcomes if isinstance(found, (Authenticated, User))]
        lost = {found.code for found in outcomes if isinstance(found, ChatError)}
        assert (len(won), lost) == (1, {"conflict"})
        assert one.execute(ANONYMOUS, CheckAvailability(email=mail)).email is False
        holder = won[0].user if isinstance(won[0], Authenticated) else won[0]
        assert other.execute(ANONYMOUS, Login(mail, PASSWORD)).user.id == holder.id


@ROUNDS
def test_a_code_is_good_once(engines: Engines, rounds: int) -> None:
    """Of two who type it at once one sets the password, and the other is told that it is over."""
    one, other = engines
    mailer = KeepingMailer()
    for engine in engines:
        engine.engine.mailer = mailer
    one.execute(ANONYMOUS, Register("ann", PASSWORD, email="ann@example.com"))
    for number in range(rounds):
        assert one._portal is not None
        one._portal.call(resets.send, one.engine, mailer, "ann")
        code = mailer.delivered[-1].code
        new = [f"first battery {number}", f"second battery {number}"]
        outcomes = race(
            *(
                ask(engine, ANONYMOUS, ResetPassword(code, password))
                for engine, password in zip(engines, new, strict=True)
            )
        )
        assert sorted(found.code if isinstance(found, ChatError) else "" for found in outcomes) == [
            "",
            "unauthenticated",
        ]
        right, wrong = new if outcomes[0] == Done() else reversed(new)
        assert other.execute(ANONYMOUS, Login("ann", right))
        with pytest.raises(ChatError):
            other.execute(ANONYMOUS, Login("ann", wrong))
    assert one.execute(ANONYMOUS, RequestReset("nobody")) == Done()
