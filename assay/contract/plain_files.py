"""Check and read regular files. This module is imported before numpy, see `startup`."""

import io
import os
import stat
from pathlib import Path

from assay.contract.errors import InputError

_BLOCK = 2**20  # bytes that are read at a time


def check(path: Path) -> os.stat_result:
    """The status of a regular file that this process may read.

    Raises
    ------
    InputError
        If it is a folder, a pipe or a device (a pipe may never end), or if this process has no
        right to read it.
    """
    status = check_form(path)
    if not os.access(path, os.R_OK):
        raise _not_allowed(path)
    return status


def check_form(path: Path) -> os.stat_result:
    """The status of a regular file, as `check`, but without a check of the right to read it."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        form = "a folder" if path.is_dir() else "a pipe, a socket or a device"
        raise InputError(f"{path} is {form}: put a file there, or take it out")
    return status


def read(path: Path) -> bytes:
    """The content of a file that may be read, see `check`."""
    try:
        check(path)
        return path.read_bytes()
    except PermissionError:
        raise _not_allowed(path) from None


def read_beyond(file: io.BufferedIOBase, size: int) -> bytearray:
    """The rest of an open file. If it has more than `size` bytes, reading stops soon after them.

    Memory grows with the bytes that are there, not with `size`.
    """
    content = bytearray()
    while len(content) <= size and (block := file.read(_BLOCK)):
        content += block
    return content


def _not_allowed(path: Path) -> InputError:
    return InputError(f"{path} may not be read: allow it with `chmod u+r {path}`")
