"""Settings of the terminal: file names in UTF-8, what can be printed, and the width of a line."""

import codecs
import io
import json
import os
import shutil
import sys

from assay.contract.errors import InputError

_ENCODING = "utf-8"
_STDERR = 2  # its file descriptor
_WIDEST = 110  # characters of a line
_USUAL = 80  # columns, if stdout is no terminal but stderr is one


def prepare() -> None:
    """Refuse a locale that is not UTF-8, and escape the characters that stdout cannot show.

    If stderr is closed, messages are lost.

    Raises
    ------
    InputError
        If Python does not read file names as UTF-8. DVC would store the misread names.
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
    """Open the null device in place of a closed stdin, stdout or stderr.

    Otherwise the next file that is opened would get this number, and messages would go into it.
    """
    number = 0
    while number <= _STDERR:
        number = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = os.fdopen(number, "w", errors="backslashreplace")  # as in Python
    else:
        os.close(number)


def page_width() -> int:
    """The characters that fit on a line of a page. It also works without a terminal."""
    return min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST)


def covering_width() -> int:
    """Characters of a line that overwrites the last one. Some terminals would wrap a full line."""
    return min(shutil.get_terminal_size((_USUAL, 0)).columns - 1, _WIDEST)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Write characters that stdout cannot encode as escapes of JSON, such as `\u00e7`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
