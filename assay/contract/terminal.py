"""What a process needs of the terminal that started it: names in UTF-8, and a way to print all."""

import codecs
import io
import json
import sys

from assay.contract.errors import InputError

_ENCODING = "utf-8"


def prepare() -> None:
    """Refuse a locale in which Python would misread names; print what stdout cannot show escaped.

    Raises
    ------
    InputError
        If names of files are not read as UTF-8. DVC would keep them misread, too.
    """
    encoding = sys.getfilesystemencoding()
    if encoding.lower() != _ENCODING:
        misread = f"this terminal's locale is not UTF-8, and Python reads names as {encoding}"
        raise InputError(f"{misread}: type `export PYTHONUTF8=1`, for DVC as well, and try again")
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        codecs.register_error("escaped", _escaped)
        sys.stdout.reconfigure(errors="escaped")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What stdout cannot encode as `\u00e7`, which JSON can hold."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
