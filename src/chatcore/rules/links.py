"""The link in a text that a preview is made of."""

from __future__ import annotations

import re
from typing import Final

_LINK: Final = re.compile(r"https?://[^\s<>\"`{}|\\^\x00-\x1f\x7f]+", re.IGNORECASE)
_AFTER: Final = ".,;:!?'*_~)]"
"""What ends a sentence rather than a link, where nothing follows."""
_OPENING: Final = {")": "(", "]": "["}


def first_link(text: str, most: int) -> str | None:
    """The first http or https address in ``text``; None where there is none, or a longer one."""
    found = _LINK.search(text)
    if found is None:
        return None
    link = found[0]
    while link and link[-1] in _AFTER:
        opening = _OPENING.get(link[-1])
        if opening is not None and link.count(opening) >= link.count(link[-1]):
            break  # the bracket belongs to the address, as in many an encyclopedia's
        link = link[:-1]
    return link if len(link) <= most and not link.endswith("//") else None
