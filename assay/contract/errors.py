"""How a stage or command ends when something is wrong: one line on stderr that a person can act on, exit code 1."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InputError(Exception):
    """What came in cannot be used. The message says which file, which row, and what to do; it is one line."""


def run(main: Callable[[], None]) -> None:
    """Run a stage's or command's `main`; turn an expected failure into one line on stderr and exit code 1."""
    try:
        main()
    except FileNotFoundError as error:
        name = error.filename or _one_line(error)
        sys.exit(
            f"assay: {name} is missing: run `dvc repro`, or `dvc pull` if a colleague pushed it"
        )
    except (InputError, OSError) as error:  # OSError: a full disk, a read-only folder
        sys.exit(f"assay: {_one_line(error)}")
    except KeyboardInterrupt:
        sys.exit(
            "assay: interrupted; `dvc repro` goes on from the last finished stage, training from its last epoch"
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what libraries write to stderr to ourselves, unless they fail unexpectedly: then it is shown."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as heard:
        os.dup2(heard.fileno(), 2)
        try:
            yield
        except BaseException as error:
            if not isinstance(error, InputError):
                heard.seek(0)
                os.write(stderr, heard.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
