"""Files that can be read to their end. This module is imported before numpy, see `startup`."""

import os
import stat
from pathlib import Path

from assay.contract.errors import InputError


def check(path: Path) -> os.stat_result:
    """The status of a file that can be read to its end.

    Raises
    ------
    InputError
        If it is a folder, a pipe or a device: to read a pipe may take for ever.
    """
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
        raise InputError(f"{path} may not be read: allow it with `chmod u+r {path}`") from None
