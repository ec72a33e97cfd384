"""Questions to git, for what needs it but works without."""

import shutil
import subprocess
from pathlib import Path


def ask(*arguments: str | Path) -> bytes | None:
    """What git prints; None if it fails, for example outside a repository, or is not installed."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, *arguments], capture_output=True, check=False)
    return None if done.returncode else done.stdout


def tracks_within(folder: Path) -> bool | None:
    """Whether DVC or git tracks a file in the folder; None where there is no repository to ask."""
    if any(folder.rglob("*.dvc")):
        return True
    listing = ask("ls-files", "--", folder)
    return None if listing is None else bool(listing)
