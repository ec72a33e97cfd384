"""Keep the properties of a file that is written again: its rights, its link, its line ends."""

import codecs
import os
from contextlib import suppress
from pathlib import Path

from assay.contract.errors import InputError, cache_of

_MARK = codecs.BOM_UTF8
_QUOTE = b'"'


def target(path: Path) -> Path:
    """The file that a link leads to. For any other path, the path itself.

    A link into a DVC cache is returned as it is: other versions use the file in the cache too.

    Raises
    ------
    InputError
        If the folder of the linked file is missing, for example on a disk that is not mounted.
    """
    if not path.is_symlink() or cache_of(path):
        return path
    file = Path(os.path.realpath(path))
    if not file.parent.is_dir():
        leads = f"{path} is a link to {file}, whose folder is missing"
        raise InputError(f"{leads}: bring it back, or delete the link")
    return file


def keep_rights(new: Path, old: Path) -> None:
    """Give a new file the group and the rights of the file that it will replace, if any."""
    if not old.is_file() or old.is_symlink():
        return
    status = old.stat()
    with suppress(OSError):  # the user is not in this group, or the disk has no groups
        os.chown(new, -1, status.st_gid)
    with suppress(OSError):
        new.chmod(status.st_mode & 0o777)


def in_form_of(before: bytes, content: bytes) -> bytes:
    """A text with the byte order mark of the old one, and with CRLF if all its lines end so.

    Parameters
    ----------
    content : in UTF-8, without a mark; its lines end with LF
    """
    return _mark_of(before) + _with_line_ends_of(before, content)


def csv_in_form_of(before: bytes, content: bytes) -> bytes:
    """Rows of CSV as `in_form_of`. Line ends inside quoted cells stay as they are."""
    rows_before = b"".join(before.split(_QUOTE)[::2])  # what is outside of quotes
    parts = content.split(_QUOTE)
    parts[::2] = [_with_line_ends_of(rows_before, part) for part in parts[::2]]
    return _mark_of(before) + _QUOTE.join(parts)


def _mark_of(before: bytes) -> bytes:
    return _MARK if before.startswith(_MARK) else b""


def _with_line_ends_of(before: bytes, content: bytes) -> bytes:
    lines = before.count(b"\n")
    is_crlf = lines > 0 and lines == before.count(b"\r\n")
    return content.replace(b"\n", b"\r\n") if is_crlf else content
