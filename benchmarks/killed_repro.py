"""`dvc repro` and its children killed at random moments, then run again: are the committed bytes
reached, and is nothing left over?

python -m benchmarks.killed_repro [TRIALS [SEED [STAGE…]]]

Each trial starts from a fresh clone without outputs and without DVC's record of earlier runs. If
DVC was killed while it wrote one of its own files, the second run can refuse. Then docs/recovery.md
is followed before a third run.
"""

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

from benchmarks.workspace import clone, environment, machine, row, timed

DVC = [sys.executable, "-m", "dvc"]
STAGES = sys.argv[3:]  # none: all
REPRO = [*DVC, "repro", "--quiet", *STAGES]
_ANYBODYS = re.compile(r"^\.git/|__pycache__/|^\.dvc/tmp/(?!assay/)")


def killed(folder: Path, after: float) -> bool:
    """Start `dvc repro`, and kill it and every process it started after so many seconds; False if
    it ended before.
    """
    process = subprocess.Popen(
        REPRO,
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def from_nothing(folder: Path) -> None:
    """Take away all that `dvc repro` made, and what DVC keeps of it."""
    for command in (["clean", "-qfdx"], ["checkout", "-q", "."]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def changes(folder: Path, expected: set[str]) -> list[str]:
    """What git and DVC see that is not as it was committed, and files that are there and were not
    expected.
    """
    git = subprocess.run(
        ["git", "status", "--short"], cwd=folder, check=True, capture_output=True, encoding="utf-8"
    )
    dvc = subprocess.run(
        [*DVC, "status", "--quiet", *STAGES], cwd=folder, env=environment(), check=False
    )
    stray = sorted(present(folder) - expected)
    return [*git.stdout.splitlines(), *(["dvc status"] if dvc.returncode else []), *stray]


def present(folder: Path) -> set[str]:
    """All files but git's, Python's, and the notes of DVC about this machine."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in names if not _ANYBODYS.search(name)}


def recovered(folder: Path) -> str:
    """Run `dvc repro` after the kill; what DVC said if it refused, and then do what
    docs/recovery.md says.
    """
    again = subprocess.run(
        REPRO, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", check=False
    )
    if not again.returncode:
        return ""
    (folder / ".dvc/tmp/rwlock").unlink(missing_ok=True)
    subprocess.run(["git", "checkout", "-q", "dvc.lock"], cwd=folder, check=True)
    timed(REPRO, folder)
    return " ".join(again.stderr.split())


def main() -> None:
    trials, seed = (
        int(sys.argv[place]) if len(sys.argv) > place else default
        for place, default in ((1, 50), (2, 0))
    )
    draw = random.Random(seed)
    print(f"# {machine()}, seed {seed}, stages: {' '.join(STAGES) or 'all'}\n")
    with clone() as folder:
        whole, _ = timed(REPRO, folder)
        expected = present(folder)
        row(
            "trial",
            "killed after s",
            "of",
            "killed",
            "the next run refused",
            "not as committed afterwards",
        )
        row(*["---"] * 6)
        bad = refused = n_killed = 0
        for trial in range(trials):
            from_nothing(folder)
            after = draw.uniform(0, whole)
            interrupted = killed(folder, after)
            said = recovered(folder)
            found = changes(folder, expected)
            row(
                trial,
                after,
                whole,
                "yes" if interrupted else "no",
                said or "no",
                ", ".join(found) or "nothing",
            )
            bad, refused, n_killed = bad + bool(found), refused + bool(said), n_killed + interrupted
    print(
        f"\nkilled {n_killed} times of {trials}; {trials - bad} of {trials} times the committed bytes and no stray file"
    )
    print(f"{refused} times only after what docs/recovery.md says of DVC's own files")


if __name__ == "__main__":
    main()
