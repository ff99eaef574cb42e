"""The law, while accounts end: those who stay see what a fresh fetch shows, and count it right."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from chatcore.models import Actor, Erasure, ErasureDepth
from chatcore.operations import DeleteAccount
from chatcore.testing.client import Client
from tests.stateful.intents import pick
from tests.stateful.machines import LONG, run_machine
from tests.stateful.test_law import LIMITS, Device, Law
from tests.stateful.world import World

__all__ = ["LIMITS"]

OPERATOR = Actor(None, operator=True)
DEPTHS: tuple[ErasureDepth, ...] = ("deactivate", "anonymise", "erase")


class Endings(Law):
    """At any point somebody's account ends; one person stays to the end."""

    @initialize()
    def nobody_has_gone(self) -> None:
        """All three are there."""
        self.ended: dict[str, ErasureDepth] = {}

    @rule(whom=st.integers(0, 5), depth=st.sampled_from(DEPTHS))
    def end(self, whom: int, depth: ErasureDepth) -> None:
        """An operator ends an account; its devices hear no more, and somebody else gets them."""
        alive = [actor for actor in self.known.people if actor.id not in self.ended]
        if len(alive) == 1:
            return
        user = pick(alive, whom)
        self.ended[user.id] = depth
        stays = next(actor for actor in alive if actor.id != user.id)
        for index, device in enumerate(self.devices):
            if device.actor.id == user.id:
                self._disconnect(device)
                client = Client(stays.id, device.client.window, device.client.pull_limit)
                self.devices[index] = Device(stays, client, fates=device.fates)
        (done,) = self._run([(OPERATOR, DeleteAccount(user_id=user.id, depth=depth))])
        assert isinstance(done, Erasure)
        assert done.finished_at is not None
        for device in self.devices:
            if device.connection is None:
                self._connect(device)

    def _check(self, device: Device, fresh: Client) -> None:
        """Besides: nothing of the erased is left, counts equal brute force, groups have owners."""
        super()._check(device, fresh)
        for held in fresh.conversations.values():
            live = [one for one in held.messages.values() if not one.get("deleted")]
            erased = [one for one in live if self.ended.get(one["sender_id"]) == "erase"]
            assert erased == []
            read = held.marks[device.actor.id][1]
            unread = [
                one
                for one in live
                if one["seq"] > read
                and one["sender_id"] != device.actor.id
                and one["kind"] != "system"
                and not one.get("hidden")
            ]
            assert held.unread == len(unread)
            if held.conversation["kind"] == "group":
                owners = [one for one in held.members.values() if one["role"] == "owner"]
                assert {one["user_id"] for one in owners} - self.ended.keys()


def test_the_law_while_accounts_end(world: World) -> None:
    """Whoever stays converges, whatever was going on when somebody went."""
    run_machine(Endings, world, examples=4, steps=25)


@pytest.mark.slow
def test_the_law_while_accounts_end_at_length(world: World) -> None:
    """The same, for a long time."""
    run_machine(Endings, world, examples=LONG, steps=50)
