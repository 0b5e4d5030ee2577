"""What a long command is at: its steps with the time that each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Pace", "Progress", "duration"]


class Progress:
    """Says on a stream what is done: on a terminal when a step begins and again when it ends, else when it ends.

    Args:
        stream: where to; ``None`` for nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._terminal = stream is not None and stream.isatty()
        #: Seconds by step.
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step; it is timed, and named on the stream."""
        if self._terminal:
            self._say(f"{name} …")
        start = time.monotonic()
        ended = False
        try:
            yield
            ended = True
        finally:
            self.seconds[name] = time.monotonic() - start
            if self._terminal:
                self._say("\r\x1b[K")
            if ended:
                self._say(f"{name}: {self.seconds[name]:.1f} s\n")

    def _say(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


class Pace:
    """How fast a phase goes, and how long it still takes if it goes on so.

    >>> pace = Pace()
    >>> pace.at("read", 0, 1_000, seconds=0.0)
    >>> pace.at("read", 250, 1_000, seconds=2.0)
    (125.0, 6.0)
    >>> pace.at("settle", 10, 1_000, seconds=3.0)
    """

    def __init__(self) -> None:
        self._phase = ""
        self._begun, self._first = 0.0, 0

    def at(self, phase: str, done: int, due: int, *, seconds: float) -> tuple[float, float] | None:
        """Rows a second, and seconds left, so many rows of all done after so long; ``None`` as long as nobody knows."""
        if phase != self._phase:
            self._phase, self._begun, self._first = phase, seconds, done
        took, rows = seconds - self._begun, done - self._first
        if took <= 0 or rows <= 0 or not due:
            return None
        return rows / took, max(due - done, 0) * took / rows


def duration(seconds: float) -> str:
    """A time that nobody needs to know exactly.

    >>> duration(0.4), duration(59.6), duration(125), duration(7380)
    ('1 s', '1 min 00 s', '2 min 05 s', '2 h 03 min')
    """
    whole = max(round(seconds), 1)
    minutes, rest = divmod(whole, 60)
    hours, of_hour = divmod(minutes, 60)
    if hours:
        return f"{hours} h {of_hour:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
