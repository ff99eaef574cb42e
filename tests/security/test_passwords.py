"""Passwords: which are refused, and that what is stored says nothing."""

import sys

import argon2
import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.config import Limits
from chatcore.errors import Invalid, MissingExtra
from chatcore.security.common_passwords import COMMON
from chatcore.security.passwords import Argon2Hasher, check_password

LIMITS = Limits()
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(name="hasher")
def cheap_hasher():
    """Argon2id at the least cost it allows."""
    return Argon2Hasher(CHEAP)


def refusal(password: str, limits: Limits = LIMITS) -> str:
    """Why a password is refused."""
    with pytest.raises(Invalid) as refused:
        check_password(password, limits)
    [problem] = refused.value.errors
    assert problem.path == "password"
    return problem.message


@pytest.mark.parametrize("password", ["1234567", "ééé", "x" * 1_025, "é" * 513])
def test_length_is_in_bytes(password):
    """8 to 1,024 bytes of UTF-8, one less or more is refused."""
    assert refusal(password) == "8 to 1024 bytes"


@pytest.mark.parametrize(
    "password", ["corr ect", "éééé", "x" * 1_024, "é" * 512, "\N{OCTOPUS}" * 2]
)
def test_lengths_that_fit(password):
    """The bounds themselves are allowed, and so is every character."""
    check_password(password, LIMITS)


def test_limits_are_the_hosts():
    """A host that wants longer ones gets them."""
    assert refusal("correct horse", Limits(password_min_bytes=14)) == "14 to 1024 bytes"


@pytest.mark.parametrize("password", sorted(COMMON))
def test_common_passwords_are_refused(password):
    """Each common password is refused, capitalised too, and is long enough to be worth listing."""
    assert refusal(password).startswith("too common")
    assert refusal(password.upper()).startswith("too common")


def test_a_lone_surrogate_is_refused():
    """What can't be written as UTF-8 is no password."""
    assert refusal("password\ud800") == "lone surrogates are not allowed"


def test_the_field_can_be_named():
    """Changing a password reports the field of that request."""
    with pytest.raises(Invalid) as refused:
        check_password("short", LIMITS, path="new")
    assert refused.value.errors[0].path == "new"


@settings(max_examples=25)
@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8")))
def test_only_the_same_password_fits(password, other):
    """A hash accepts its own password, and another only if it differs in composition alone."""
    hasher = Argon2Hasher(CHEAP)
    stored = hasher.hash(password)
    assert hasher.verify(stored, password)
    if hasher.verify(stored, other):
        assert hasher.verify(hasher.hash(other), password)
    assert password not in stored or len(password) < 3


def test_composition_makes_no_difference(hasher):
    """An "é" typed as one character or as two is the same password."""
    assert hasher.verify(hasher.hash("cafe\u0301 au lait"), "caf\u00e9 au lait")
    assert not hasher.verify(hasher.hash("cafe au lait"), "caf\u00e9 au lait")


def test_the_same_password_twice_gives_two_hashes(hasher):
    """Every hash has its own salt."""
    assert hasher.hash("correct horse") != hasher.hash("correct horse")


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$2b$12$abcdefghijklmnopqrstuv"])
def test_nobody_has_no_password(hasher, stored):
    """Without a hash, or with one that isn't ours, every password is wrong."""
    assert not hasher.verify(stored, "")
    assert not hasher.verify(stored, "correct horse")


@pytest.mark.parametrize("password_hasher", [None, CHEAP], ids=["default", "cheap"])
def test_an_unknown_user_costs_as_much_as_a_known_one(password_hasher, monkeypatch):
    """Where there is no user, a hash of exactly the usual parameters is worked through."""
    compared = []
    verify = argon2.PasswordHasher.verify

    def spy(self, stored, password):
        compared.append(argon2.extract_parameters(stored))
        return verify(self, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    hasher = Argon2Hasher(password_hasher)
    hasher.verify(hasher.hash("correct horse"), "wrong")
    hasher.verify(None, "wrong")
    assert compared[0] == compared[1]


def test_hashes_of_other_costs_are_outdated(hasher):
    """A hash made with other parameters is accepted, and to be made anew."""
    stored = hasher.hash("correct horse")
    assert not hasher.outdated(stored)
    dearer = Argon2Hasher(argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    assert dearer.verify(stored, "correct horse")
    assert dearer.outdated(stored)


def bcrypted(password: str, prefix: bytes = b"2b") -> str:
    """A hash as another system made it, at the least cost."""
    raw = password.encode()[:72]
    return (
        bcrypt.hashpw(raw, bcrypt.gensalt(rounds=4, prefix=b"2b"))
        .replace(b"$2b$", b"$" + prefix + b"$", 1)
        .decode()
    )


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
@pytest.mark.parametrize(
    "password", ["correct horse", "e\u0301" * 10, "x" * 100, "\N{OCTOPUS}" * 30]
)
def test_hashes_from_elsewhere(hasher, prefix, password):
    """Bcrypt's are verified as they were made, and are outdated at once."""
    stored = bcrypted(password, prefix)
    assert hasher.verify(stored, password)
    assert not hasher.verify(stored, "wrong" + password)
    assert hasher.outdated(stored)
    assert not hasher.outdated(hasher.hash(password))


@pytest.mark.parametrize("stored", ["$2b$", "$2b$04$", "$2b$99$" + "a" * 53, "$2a$x"])
def test_damaged_hashes_from_elsewhere(hasher, stored):
    """What is no hash fits no password."""
    assert not hasher.verify(stored, "correct horse")


def test_bcrypt_is_an_extra(hasher, monkeypatch):
    """Without it the host is told what to install."""
    stored = bcrypted("correct horse")
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(MissingExtra, match=r"chatcore\[bcrypt\]"):
        hasher.verify(stored, "correct horse")
