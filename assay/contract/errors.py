"""How a stage or command ends on an error: one line on stderr that says what to do, exit code 1."""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from assay.contract.escaping import printable

_RESUMES = "`dvc repro` goes on from the last finished stage, training from its last epoch"
_OBJECTS = "/files/md5/"  # where DVC keeps files in its cache

_last_checks: list[Callable[[], None]] = []


class InputError(Exception):
    """An input cannot be used. The message names the file, the row and what to do, in one line."""


def shortened(text: str, most: int, last: int) -> str:
    """A text of at most `most` characters. A longer one is cut before its `last` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most - 1 - last]}…{text[len(text) - last :]}"


def first_of(names: Sequence[str], at_most: int = 3) -> str:
    """The first of some names, for a message, and how many more there are."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more


def counted(n: int, thing: str) -> str:
    """A count of things, for a message: `1 label`, `2,000 classes`."""
    ending = "es" if thing.endswith("s") else "s"
    return f"{n:,} {thing}{'' if n == 1 else ending}"


def say(message: str) -> None:
    """Print one line on stderr, for people."""
    print(f"assay: {printable(message)}", file=sys.stderr)


def tell(result: str) -> None:
    """Print one line on stdout, for people: what a stage has done."""
    print(printable(result), flush=True)


def cache_of(link: Path) -> str:
    """The DVC cache that a link leads into; empty for any other file."""
    file = os.path.realpath(link) if link.is_symlink() else ""
    cache, is_in_cache, _ = file.partition(_OBJECTS)
    return cache if is_in_cache else ""


def lost_cache(link: Path) -> str:
    """A message about a link into a DVC cache that is gone; empty for any other file."""
    cache = cache_of(link)
    if not cache or link.exists():
        return ""
    leads = f"{link} is a link into the DVC cache {cache}, which is gone or was moved"
    return f"{leads}: type `dvc checkout --relink`, or see docs/recovery.md"


def _lost_file(link: Path) -> str:
    """A message about a link whose file is gone; empty for any other file."""
    if not link.is_symlink() or link.exists():
        return ""
    leads = f"{link} is a link to {link.readlink()}, which is missing"
    return lost_cache(link) or f"{leads}: bring that file back, or delete the link"


def end_on_interrupt() -> None:
    """End at once with one line if Ctrl-C comes while a stage is not in `run`.

    The stage then still imports modules, so there is nothing to clean up. Libraries would turn a
    KeyboardInterrupt into errors of their own.
    """
    is_run = sys.argv[0] == "-m"  # Python sets this while it looks for the module to run
    if is_run and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    say(f"interrupted; {_RESUMES}")
    os._exit(1)


def check_at_end(check: Callable[[], None]) -> None:
    """Let `run` call `check` after `main` has ended. `check` may raise an InputError."""
    _last_checks.append(check)


def run(main: Callable[[], None], *, resumes: bool = True) -> None:
    """Run the `main` of a stage or command. If it fails as expected, print one line on stderr.

    `resumes` says whether `dvc repro` continues after Ctrl-C, as it does for a stage.
    """
    ends_at_once = signal.getsignal(signal.SIGINT) is _end
    if ends_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
        for check in _last_checks:
            check()
    except FileNotFoundError as error:
        name = error.filename or one_line(error)
        missing = f"{name} is missing: run `dvc repro`, or `dvc pull` if a colleague pushed it"
        _fail(_lost_file(Path(os.fsdecode(error.filename or ""))) or missing)
    except (InputError, OSError) as error:  # OSError: a full disk, a read-only folder
        _fail(one_line(error))
    except MemoryError as error:
        _fail(_out_of_memory(error))
    except KeyboardInterrupt:
        _fail(f"interrupted; {_RESUMES}" if resumes else "interrupted")
    finally:
        if ends_at_once:
            signal.signal(signal.SIGINT, _end)


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Raise an error that names `output` if it cannot be written, for example on a full disk.

    Raises
    ------
    InputError
        In place of an OSError about `output`. An OSError about another file is raised as it is.
        Such a file is an input, or a temporary file of a read-only repository.
    """
    try:
        yield
    except OSError as error:
        if not _is_of(output, error.filename2 or error.filename):
            raise
        wrong = f"{output} cannot be written ({one_line(error)})"
        raise InputError(f"{wrong}: make room, or name another place") from None


def _is_of(output: Path, name: str | None) -> bool:
    """Whether a file is in `output`, or is a temporary file beside it."""
    path = Path(name or output)
    is_beside = path.parent == output.parent and output.name in path.name
    return is_beside or path.is_relative_to(output)


def _out_of_memory(error: MemoryError) -> str:
    """A message for a machine without free memory. It names the line of code, for developers."""
    *_, last = traceback.extract_tb(error.__traceback__)
    place = f"{Path(last.filename).name} line {last.lineno}"
    why = f"{place}: {one_line(error)}" if str(error) else place
    remedy = "close other programs, lower memory in params.yaml, or take a larger machine"
    return f"there is not enough memory ({why}): {remedy}"


def _fail(message: str) -> NoReturn:
    say(message)
    sys.exit(1)


def one_line(error: Exception) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())


@contextmanager
def quiet() -> Iterator[TextIO]:
    """Hide what libraries write to stderr. Show it if there is an unexpected error.

    Yields
    ------
    The real stderr, for messages that people must see
    """
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield os.fdopen(stderr, "w", closefd=False)
        except BaseException as error:
            if not isinstance(error, InputError | KeyboardInterrupt):
                captured.seek(0)
                os.write(stderr, captured.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
