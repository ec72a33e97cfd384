"""Why a version cannot be read, in words for people: what DVC and its libraries for git say."""

import re
from collections.abc import Iterable
from pathlib import Path

from assay.contract import git, merging, plain_files
from assay.contract.errors import InputError


def refuse_empty(a: str, b: str | None) -> None:
    """Raise InputError if a revision is an empty string, as after a failed command in a shell."""
    for place, revision in {"A": a, "B": b}.items():
        if revision == "":
            raise InputError(f"{place} is empty: name a git revision")


def folders(names: Iterable[str]) -> list[str]:
    """The first two levels of each path, so that not each file of a batch is listed."""
    return sorted({"/".join(name.split("/")[:2]) for name in names})


def why(error: Exception) -> str:
    """What is wrong with a revision or its repository, and what to do, if this is known."""
    problem = str(error)
    if foreign := re.search("path '(.+)' is not owned", problem):
        trust = f"git config --global --add safe.directory '{foreign[1]}'"
        return f"its git repository is somebody else's; if you trust it, type `{trust}`"
    if problem.endswith("has no attribute 'tree'"):  # pygit2 found a file or a folder
        return "it is no commit: name a branch, a tag or a commit"
    if unread := re.search("unable to read: '(.+?)'", problem):  # in the workspace
        path = Path(unread[1])
        content = plain_files.read(path) if path.is_file() else b""
        problem = merging.conflict(path, content) or problem
    unknown = re.search("unknown Git revision '(?:origin/)?(.+?)'", problem)
    if not unknown:
        return problem
    if "'origin/" in unknown[0]:  # a clone of one branch does not know the others
        branch = f"{unknown[1]}:refs/remotes/origin/{unknown[1]}"
        return f"{problem}: if it is a branch there, type `git fetch origin {branch}`"
    if git.ask("rev-parse", "--is-shallow-repository") == b"true\n":
        fetch = "git fetch --unshallow --tags"
        return f"{problem}, and this clone has not the whole history: type `{fetch}`"
    return problem
