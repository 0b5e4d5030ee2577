"""What a long command is at: its steps with the time that each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["Progress"]


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
