"""The rules by which tests are skipped, run or failed, tried on small suites of their own."""

import socket
import tomllib
from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import SERVICES, Server, Service

ROOT = Path(__file__).parents[1]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """One plain test, one slow, one for a service that is there and one for one that isn't."""
    monkeypatch.delenv("CHATCORE_REQUIRE", raising=False)
    services = {
        "redis": Service(present=lambda: True, start="start redis"),
        "nats": Service(present=lambda: False, start="start nats"),
    }
    monkeypatch.setattr(requirements, "SERVICES", services)
    pytester.makeini("[pytest]\nmarkers =\n  redis\n  nats\n  slow\n")
    pytester.makepyfile(
        """
        import pytest

        def test_plain(): pass

        @pytest.mark.slow
        def test_slow(): pass

        @pytest.mark.redis
        def test_redis(): pass

        @pytest.fixture
        def connection(): raise AssertionError("made before the need was checked")

        @pytest.mark.nats
        def test_nats(connection): pass
        """
    )
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the small suite with nothing loaded but the rules."""
    return suite.runpytest_inprocess(
        "-p", "tests.requirements", "-p", "no:xdist", "-rs", "-vv", *arguments
    )


def test_a_missing_service_skips_its_tests_and_says_what_starts_it(suite: pytest.Pytester) -> None:
    """A service that isn't there skips its tests, naming the command; one that is there runs."""
    result = run(suite)
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(["*test_redis PASSED*"])
    result.stdout.fnmatch_lines(["*nats isn't there; start it: start nats"])


def test_a_missing_service_that_is_required_fails(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHATCORE_REQUIRE turns the skip into a failure, with the same command."""
    monkeypatch.setenv("CHATCORE_REQUIRE", "redis, nats")
    result = run(suite)
    result.assert_outcomes(passed=2, skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*nats isn't there; start it: start nats"])


def test_only_required_leaves_out_services_that_are_there(suite: pytest.Pytester) -> None:
    """Under --only-required a service's tests are skipped unless CHATCORE_REQUIRE names it."""
    result = run(suite, "--only-required")
    result.assert_outcomes(passed=1, skipped=3)
    result.stdout.fnmatch_lines(["*redis: run it with CHATCORE_REQUIRE=redis"])


def test_only_required_runs_the_services_named(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under --only-required the tests of a service that CHATCORE_REQUIRE names do run."""
    monkeypatch.setenv("CHATCORE_REQUIRE", "redis")
    run(suite, "--only-required").assert_outcomes(passed=2, skipped=2)


def test_slow_tests_run_only_when_asked(suite: pytest.Pytester) -> None:
    """Tests marked slow are skipped without --slow and run with it."""
    run(suite).stdout.fnmatch_lines(["*slow: run it with --slow"])
    run(suite, "--slow").stdout.fnmatch_lines(["*test_slow PASSED*"])


def test_an_unknown_name_in_the_variable_stops_the_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelt service in CHATCORE_REQUIRE is a usage error, never a silent pass."""
    monkeypatch.setenv("CHATCORE_REQUIRE", "reddis")
    result = run(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*CHATCORE_REQUIRE names reddis; known are nats, redis*"])


def test_every_service_has_a_marker() -> None:
    """The markers that pytest knows are the services, and slow."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["markers"]
    assert {marker.partition(":")[0] for marker in configured} == {*SERVICES, "slow"}


def test_a_server_is_there_when_it_accepts_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server listens or doesn't, at the URL that its variable names."""
    server = Server(variable="CHATCORE_SOME_URL", default="some://127.0.0.1:1/")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("CHATCORE_SOME_URL", f"some://user:secret@127.0.0.1:{port}/name")
        assert server.listens()
    monkeypatch.delenv("CHATCORE_SOME_URL")
    assert not server.listens()
