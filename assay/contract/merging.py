"""Find files that git could not merge. This module is imported before numpy, see `startup`."""

import re
from pathlib import Path

# Files that DVC and stages write and git keeps. Nobody merges them by hand. The name may start
# with a git version, as in `HEAD:dvc.lock`.
_MADE = re.compile(r"(?:^|:)(dvc\.lock$|data/batches\.json$|(?:metrics|plots)/.+)")

# The lines that git writes; `|||||||` only with merge.conflictStyle diff3 or zdiff3.
_MARKER = re.compile(rb"^(?:<{7} |\|{7} |>{7} )", re.MULTILINE)
_MIDDLE = re.compile(
    rb"^={7}\r?$", re.MULTILINE
)  # it may also underline a heading in a quoted text
_COMMON_ANCESTOR = re.compile(rb"^\|{7} ", re.MULTILINE)


def conflict(name: Path | str, content: bytes) -> str:
    """A message about a file that git could not merge; "" if it has no conflict markers."""
    middle = _MIDDLE.search(content)
    is_text = middle and content.count(b'"', 0, middle.start()) % 2
    marker = _MARKER.search(content) or (None if is_text else middle)
    if not marker:
        return ""
    line = content.count(b"\n", 0, marker.start()) + 1
    does = "starts" if marker[0].startswith(b"<") else "is left of"
    remedy = "keep what is right, and delete the lines of <<<<<<<, ======= and >>>>>>>"
    if _COMMON_ANCESTOR.search(content):
        remedy += ", and the old version: from ||||||| to ======="
    if made := _MADE.search(str(name)):
        remedy = f"type `git checkout --ours {made[1]}`, then see docs/upgrading.md"
    return f"{name} line {line} {does} a git merge conflict: {remedy}"
