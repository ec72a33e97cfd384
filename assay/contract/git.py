"""Ask git about the repository. The callers also work without git."""

import shutil
import subprocess
from pathlib import Path


def ask(*arguments: str | Path) -> bytes | None:
    """The output of git; None if git is not installed or fails, as outside a repository."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, *arguments], capture_output=True, check=False)
    return None if done.returncode else done.stdout


def tracks_within(folder: Path) -> bool | None:
    """Whether DVC or git tracks a file in the folder; None if git cannot tell."""
    if any(folder.rglob("*.dvc")):
        return True
    listing = ask("ls-files", "--", folder)
    return None if listing is None else bool(listing)
