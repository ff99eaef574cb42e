"""Running state machines in a world."""

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.stateful.world import World

LONG = 500
"""Examples of a long search; a profile that asks for more gets more."""


def run_machine(
    machine: type[RuleBasedStateMachine], world: World, *, examples: int, steps: int
) -> None:
    """Look for an example that breaks ``machine``, whose ``world`` this is."""
    here = type(machine.__name__, (machine,), {"world": world})
    if examples == LONG:
        examples = max(LONG, settings.default.max_examples)
    run_state_machine_as_test(
        here, settings=settings(max_examples=examples, stateful_step_count=steps)
    )
