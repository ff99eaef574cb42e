"""Many who log in at once: each is answered, and the server stays there for the others."""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait

import httpx2
import pytest

from tests.live.people import PASSWORD, People
from tests.live.process import ServerProcess

AT_ONCE = 200
MIB = 1024 * 1024
REFUSALS = {401: "unauthenticated", 429: "rate_limited", 503: "unavailable"}


@pytest.fixture(scope="module")
def limits() -> Mapping[str, float]:
    """Few may wait for a hash, so that it is soon over; as many at a time as always."""
    return {"hashing_waiting": 16}


def test_two_hundred_logins_at_once(server: ServerProcess, people: People) -> None:
    """They succeed or get an error of the contract; health checks and memory hardly notice."""
    known = [person.username for person in people("ann", "ben", "cleo", "dan")]
    names = [known[n // 2] if n < 8 else f"nobody{n}" for n in range(AT_ONCE)]
    before = server.peak_bytes
    limits = httpx2.Limits(max_connections=None)
    with (
        httpx2.Client(base_url=server.url, timeout=60.0, limits=limits) as crowd,
        httpx2.Client(base_url=server.url) as doctor,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        attempts = [pool.submit(log_in, crowd, name) for name in names]
        slowest = check_up(doctor)
        while wait(attempts, timeout=0.02).not_done:
            slowest = max(slowest, check_up(doctor))
        answers = [attempt.result() for attempt in attempts]
    check(answers)
    assert slowest < 1.0
    # Two passwords are hashed at a time, at 64 MiB each.
    assert server.peak_bytes - before < (2 * 64 + 64) * MIB


def log_in(crowd: httpx2.Client, name: str) -> httpx2.Response:
    """Try with the password that everybody has who has an account."""
    return crowd.post("/v1/login", json={"login": name, "password": PASSWORD})


def check_up(doctor: httpx2.Client) -> float:
    """Seconds until the server says that it is well."""
    began = time.monotonic()
    assert doctor.get("/healthz").json() == {"status": "ok"}
    return time.monotonic() - began


def check(answers: list[httpx2.Response]) -> None:
    """Each is a session, or a problem that the contract has, which says when to come back."""
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() <= {200, *REFUSALS}
    assert statuses[200] > 0
    # More than may wait for a hash at once.
    assert statuses[429] + statuses[503] > 0
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json()["session"]["token"]
            continue
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == REFUSALS[answer.status_code]
        assert ("retry-after" in answer.headers) == (answer.status_code != 401)
