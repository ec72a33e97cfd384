"""What a process needs of the terminal that started it: names in UTF-8, a way to print, a width."""

import codecs
import io
import json
import os
import shutil
import sys

from assay.contract.errors import InputError

_ENCODING = "utf-8"
_STDERR = 2  # its number as a file
_WIDEST = 110  # characters of a line
_USUAL = 80  # columns, where stdout is no terminal, though stderr is one


def prepare() -> None:
    """Refuse a locale in which Python would misread names; print what stdout cannot show escaped.

    Where stderr is closed, messages go nowhere.

    Raises
    ------
    InputError
        If names of files are not read as UTF-8. DVC would keep them misread, too.
    """
    _open_what_is_closed()
    encoding = sys.getfilesystemencoding()
    if encoding.lower() != _ENCODING:
        misread = f"this terminal's locale is not UTF-8, and Python reads names as {encoding}"
        raise InputError(f"{misread}: type `export PYTHONUTF8=1`, for DVC as well, and try again")
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        codecs.register_error("escaped", _escaped)
        sys.stdout.reconfigure(errors="escaped")


def check_stdout() -> None:
    """Raise InputError if stdout is closed: a command prints its results there."""
    if sys.stdout is None:
        remedy = "leave out `>&-`, or write `>/dev/null` if you want no results"
        raise InputError(f"stdout is closed, and results are printed there: {remedy}")


def _open_what_is_closed() -> None:
    """Let stdin, stdout and stderr lead nowhere where they are closed.

    Else messages would go to stdout, and those of libraries into the file that is opened next.
    """
    number = 0
    while number <= _STDERR:
        number = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    if sys.stderr is None:
        sys.stderr = os.fdopen(number, "w", errors="backslashreplace")  # as Python's own
    else:
        os.close(number)


def page_width() -> int:
    """Characters of a line of a page, also where there is no terminal."""
    return min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)


def covering_width() -> int:
    """Characters of a line that covers the one before; a full line would wrap in some terminals."""
    return min(shutil.get_terminal_size((_USUAL, 0)).columns - 1, _WIDEST)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What stdout cannot encode as `\u00e7`, which JSON can hold."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
