"""A fresh clone in an empty folder with an empty home: run `make repro`, then show what git and a
second `dvc repro` say.

python -m benchmarks.fresh_clone
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.workspace import ROOT, machine, row


def main() -> None:
    print(f"# {machine()}\n")
    with TemporaryDirectory() as folder:
        home, clone = Path(folder) / "home", Path(folder) / "clone"
        home.mkdir()
        bare = {
            name: value
            for name, value in os.environ.items()
            if name not in ("VIRTUAL_ENV", "PYTHONPATH")
        }
        path = os.pathsep.join(
            part for part in bare["PATH"].split(os.pathsep) if ".venv" not in part
        )
        bare |= {"HOME": str(home), "PATH": path}
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        start = time.perf_counter()
        made = subprocess.run(
            ["make", "repro"], cwd=clone, env=bare, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
        if made.returncode:
            sys.exit(made.stdout[-2000:] + made.stderr[-2000:])
        status = subprocess.run(
            ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
        )
        again = subprocess.run(
            ["make", "repro"], cwd=clone, env=bare, capture_output=True, text=True, check=True
        )
        row("fresh clone, empty home", "result")
        row("---", "---")
        row("`make repro`, with its environment", f"{seconds:.0f} s")
        row("`git status --porcelain`", status.stdout.strip() or "nothing")
        row("stages that a second `make repro` ran", again.stdout.count("Running stage"))


if __name__ == "__main__":
    main()
