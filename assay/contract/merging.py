"""Files that git could not merge. This module is imported before numpy, see `startup`."""

import re
from pathlib import Path

_RECORD = "dvc.lock"  # what stages ran on, which nobody merges by hand


def conflict(name: Path | str, content: bytes) -> str:
    """What to do about a file that git could not merge; "" if it has no conflict markers."""
    marker = re.search(rb"^<<<<<<< ", content, re.MULTILINE)
    if not marker:
        return ""
    line = content.count(b"\n", 0, marker.start()) + 1
    remedy = "keep what is right, and delete the lines of <<<<<<<, ======= and >>>>>>>"
    if str(name).endswith(_RECORD):
        remedy = f"type `git checkout --ours {_RECORD}`, then see docs/upgrading.md"
    return f"{name} line {line} starts a git merge conflict: {remedy}"
