"""How a stage or command ends on an error: one line on stderr that says what to do, exit code 1."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


class InputError(Exception):
    """An input cannot be used. The message names the file, the row and what to do, in one line."""


def first_of(names: Sequence[str], at_most: int = 3) -> str:
    """The first of some names, for a message, and how many more there are."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more


def run(main: Callable[[], None]) -> None:
    """Run the `main` of a stage or command; end an expected failure with one line on stderr."""
    try:
        main()
    except FileNotFoundError as error:
        name = error.filename or _one_line(error)
        remedy = "run `dvc repro`, or `dvc pull` if a colleague pushed it"
        sys.exit(f"assay: {name} is missing: {remedy}")
    except (InputError, OSError) as error:  # OSError: a full disk, a read-only folder
        sys.exit(f"assay: {_one_line(error)}")
    except KeyboardInterrupt:
        resumes = "`dvc repro` goes on from the last finished stage, training from its last epoch"
        sys.exit(f"assay: interrupted; {resumes}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@contextmanager
def quiet() -> Iterator[None]:
    """Hide what libraries write to stderr; show it if they fail with an unexpected error."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException as error:
            if not isinstance(error, InputError):
                captured.seek(0)
                os.write(stderr, captured.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
