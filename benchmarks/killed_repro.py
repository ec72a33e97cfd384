"""`dvc repro` and its children killed at random moments, then run again: the committed bytes, and nothing left over.

Each trial starts from a fresh clone without outputs and without DVC's record of earlier runs.

python -m benchmarks.killed_repro [TRIALS] [SEED]
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.workspace import clone, environment, machine, row, timed

REPRO = [sys.executable, "-m", "dvc", "repro", "--quiet"]


def killed(folder: Path, after: float) -> bool:
    """Start `dvc repro`, and kill it and every process it started after so many seconds; False if it ended before."""
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


def changes(folder: Path) -> list[str]:
    """What git and DVC see that is not as it was committed, and files of ours that are left over."""
    git = subprocess.run(["git", "status", "--short"], cwd=folder, check=True, capture_output=True, encoding="utf-8")
    dvc = subprocess.run(
        [sys.executable, "-m", "dvc", "status", "--quiet"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    stray = [str(path) for path in (folder / ".dvc/tmp").glob("assay/*")]
    return [*git.stdout.splitlines(), *(["dvc status"] if dvc.returncode else []), *stray]


def main() -> None:
    trials, seed = (int(sys.argv[place]) if len(sys.argv) > place else default for place, default in ((1, 50), (2, 0)))
    draw = random.Random(seed)
    print(f"# {machine()}, seed {seed}\n")
    with clone() as folder:
        whole, _ = timed(REPRO, folder)
        row("trial", "killed after s of " + f"{whole:.0f}", "killed", "not as committed afterwards")
        row(*["---"] * 4)
        bad = 0
        for trial in range(trials):
            from_nothing(folder)
            after = draw.uniform(0, whole)
            interrupted = killed(folder, after)
            time.sleep(0.1)
            timed(REPRO, folder)
            found = changes(folder)
            bad += bool(found)
            row(trial, after, interrupted, ", ".join(found) or "nothing")
    print(f"\n{trials - bad} of {trials} times the committed bytes, and no stray file")


if __name__ == "__main__":
    main()
