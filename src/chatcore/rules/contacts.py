"""Contacts: what two users may do about knowing each other, as one table.

Each of the two has a *standing*, their own side of it: the state, and whether it was the other one
who asked. One's standing always mirrors the other's. A step that isn't in the table raises and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import frozen

from chatcore.errors import Forbidden, NotFound
from chatcore.models import ContactState

Step = Literal["request", "accept", "refuse", "remove"]


@frozen
class Standing:
    """One side of a contact."""

    state: ContactState
    incoming: bool
    """Whether it was the other one who asked."""

    def mirrored(self) -> Standing:
        """The other one's side."""
        return Standing(self.state, not self.incoming)

    @property
    def alive(self) -> bool:
        """Whether it is agreed, or waits to be."""
        return self.state in ("requested", "accepted")


ASKED: Final = Standing("requested", False)
ASKING: Final = Standing("requested", True)
"""The other one waits for an answer."""
ACCEPTED: Final = Standing("accepted", False)
AGREED: Final = Standing("accepted", True)
"""Accepted, after the other one had asked."""
TURNED_DOWN: Final = Standing("refused", False)
REFUSED: Final = Standing("refused", True)
ENDED: Final = (Standing("removed", False), Standing("removed", True))

TABLE: Final[Mapping[tuple[Standing | None, Step], Standing]] = {
    (None, "request"): ASKED,
    **{(ended, "request"): ASKED for ended in ENDED},
    (ASKED, "request"): ASKED,
    # Both want it.
    (ASKING, "request"): AGREED,
    (ACCEPTED, "request"): ACCEPTED,
    (AGREED, "request"): AGREED,
    # Who refused may ask themselves. Who was refused may not ask again.
    (REFUSED, "request"): ASKED,
    (ASKING, "accept"): AGREED,
    (AGREED, "accept"): AGREED,
    (ASKING, "refuse"): REFUSED,
    (REFUSED, "refuse"): REFUSED,
    (ASKED, "remove"): ENDED[False],
    (ASKING, "remove"): ENDED[True],
    (ACCEPTED, "remove"): ENDED[False],
    (AGREED, "remove"): ENDED[True],
}
"""What becomes of one's standing (None: there was never anything) by one's own step."""


def after(standing: Standing | None, step: Step) -> Standing:
    """One's standing after one's own step; the other one's is its mirror.

    Raises :class:`Forbidden` for a request that was refused before, the answer of whoever accepts
    no requests, and :class:`NotFound` where there is nothing to answer or to end.
    """
    found = TABLE.get((standing, step))
    if found is not None:
        return found
    raise Forbidden if step == "request" else NotFound
