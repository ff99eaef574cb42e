import pytest

# Their assertions explain themselves as those of test modules do.
pytest.register_assert_rewrite(
    "tests.live.people", "tests.live.process", "tests.live.senders", "tests.live.sockets"
)
