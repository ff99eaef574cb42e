"""A progress bar of one line."""

from __future__ import annotations

from typing import TextIO

_WIDTH = 30


class ProgressBar:
    """Call it with how much is done and of how much; it draws whenever a percent has passed."""

    def __init__(self, stream: TextIO, *, shown: bool | None = None) -> None:
        """``shown``: by default where ``stream`` is a terminal."""
        self._stream = stream
        self._shown = stream.isatty() if shown is None else shown
        self._drawn = -1

    def __call__(self, done: int, total: int) -> None:
        percent = done * 100 // total if total else 100
        if not self._shown or percent == self._drawn:
            return
        self._drawn = percent
        filled = percent * _WIDTH // 100
        bar = "█" * filled + "·" * (_WIDTH - filled)
        end = "\n" if percent == 100 else ""
        self._stream.write(f"\r{bar} {percent:3} %  {done:,} of {total:,}{end}")
        self._stream.flush()
