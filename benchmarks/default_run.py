"""The default data: the time of a first and a second `dvc repro`, compared with an import of
TensorFlow and an empty repository; and what the run finds.

python -m benchmarks.default_run [RUNS]
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.workspace import clone, environment, machine, row, set_parameters, timed

REPRO = [sys.executable, "-m", "dvc", "repro"]


def empty_repository(folder: Path) -> None:
    """A repository of one stage that does nothing."""
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, env=environment(), check=True)
    (folder / "dvc.yaml").write_text("stages:\n  nothing:\n    cmd: touch out\n    outs: [out]\n")


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"# {machine()}\n")
    row("what", "median s", "compared with", "median s", "median of ratios")
    row(*["---"] * 5)
    for portable in (False, True):
        pairs = []
        for _ in range(runs):
            with clone() as folder:
                set_parameters(folder, portable=portable)
                pairs.append(
                    (
                        timed(REPRO, folder)[0],
                        timed([sys.executable, "-c", "import tensorflow"], folder)[0],
                    )
                )
                if portable:
                    found = json.loads((folder / "metrics/evaluate.json").read_text())
        report(
            f"`dvc repro` from nothing, portable: {str(portable).lower()}",
            "`import tensorflow`",
            pairs,
        )
    with clone() as folder, TemporaryDirectory() as empty:
        empty_repository(Path(empty))
        timed(REPRO, folder), timed(REPRO, Path(empty))
        pairs = [(timed(REPRO, folder)[0], timed(REPRO, Path(empty))[0]) for _ in range(3 * runs)]
    report("`dvc repro` with nothing to do", "the same in an empty one-stage repository", pairs)
    print()
    for name in (name for name in found if name.startswith(("accuracy", "label_errors"))):
        row(name, found[name])


def report(ours: str, theirs: str, pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    row(ours, statistics.median(first), theirs, statistics.median(second), ratio)


if __name__ == "__main__":
    main()
