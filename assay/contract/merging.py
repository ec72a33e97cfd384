"""Find files that git could not merge. This module is imported before numpy, see `startup`."""

import re
from pathlib import Path

# Files that DVC and stages write and git keeps. Nobody merges them by hand. The name may start
# with a git version, as in `HEAD:dvc.lock`.
_MADE = re.compile(r"(?:^|:)(dvc\.lock$|data/batches\.json$|(?:metrics|plots)/.+)")


def conflict(name: Path | str, content: bytes) -> str:
    """A message about a file that git could not merge; "" if it has no conflict markers."""
    marker = re.search(rb"^<<<<<<< ", content, re.MULTILINE)
    if not marker:
        return ""
    line = content.count(b"\n", 0, marker.start()) + 1
    remedy = "keep what is right, and delete the lines of <<<<<<<, ======= and >>>>>>>"
    if made := _MADE.search(str(name)):
        remedy = f"type `git checkout --ours {made[1]}`, then see docs/upgrading.md"
    return f"{name} line {line} starts a git merge conflict: {remedy}"
