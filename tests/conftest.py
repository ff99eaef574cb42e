"""What all tests share: the rules about outside services, and how Hypothesis searches."""

from hypothesis import settings

from tests.requirements import (  # noqa: F401 (hooks take effect by being here)
    pytest_addoption,
    pytest_configure,
    pytest_runtest_setup,
)

# The same examples every time, and no deadline: a shared machine's pauses are not our failures.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# For a long look around: --hypothesis-profile=search.
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("repeatable")
