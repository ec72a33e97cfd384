"""Show how long a stage still takes."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TextIO, TypeVar

from assay.contract import terminal

Block = TypeVar("Block", bound=Sized)

_SILENT = 2.0  # seconds until the first line
_IN_TERMINAL, _IN_LOG = 0.5, 30.0  # seconds from line to line


def with_progress(
    blocks: Iterable[Block], n: int, what: str, stream: TextIO | None = None
) -> Iterator[Block]:
    """Yield blocks, and show on stderr how many of `n` examples are done and the time left.

    Nothing is shown if the whole work takes less than two seconds.

    Parameters
    ----------
    blocks : blocks of examples; together they have about `n`
    what : what is done to the examples: "embed", for example
    stream : where to show it instead of stderr, see `errors.quiet`
    """
    stream = stream or sys.stderr
    in_terminal = stream.isatty()
    started = time.monotonic()
    done = 0
    next_line = started + _SILENT
    was_shown = False
    for block in blocks:
        yield block
        done += len(block)  # the caller has worked on it
        now = time.monotonic()
        if now >= next_line and done < n:
            left = (now - started) / done * (n - done)
            line = f"{what}: {done:,} of {n:,} examples, {_duration(left)} left"
            width = terminal.covering_width()
            shown = f"\r{line[:width].ljust(width)}" if in_terminal else f"{line}\n"
            print(shown, end="", file=stream, flush=True)
            next_line = now + (_IN_TERMINAL if in_terminal else _IN_LOG)
            was_shown = True
    if was_shown and in_terminal:
        print("\r" + " " * terminal.covering_width(), end="\r", file=stream, flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
