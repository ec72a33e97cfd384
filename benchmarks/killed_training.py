"""Training killed at random moments, then `dvc repro` again: are the bytes those of an undisturbed
run, and how much work is lost?

python -m benchmarks.killed_training [KILLS [SEED]]

It uses the default data. The moments are uniform over the duration of an undisturbed `dvc repro`.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from assay.contract import paths
from benchmarks.workspace import clone, environment, machine, row, set_parameters, timed

STEPS = 760  # 19 epochs of 40 batches: below 20, each is logged
OUTPUTS = (paths.CLASSIFIER, paths.CLASSES, paths.LEARNING_CURVE, paths.TRAIN_METRICS)
DVC = [sys.executable, "-m", "dvc"]
TRAIN = [*DVC, "repro", "--no-run-cache", "train"]  # whose cache would know the result


def run(command: list[str], folder: Path, seconds: float | None = None) -> tuple[str, bool]:
    """What a command says, and whether it was killed, with all its processes, after so many
    seconds.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0], False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], True


def last_epoch(said: str) -> int:
    return max(map(int, re.findall(r"epoch (\d+)/", said)), default=0)


def forget(folder: Path, record: bytes) -> None:
    """Be as before the training: what DVC has noted, and no checkpoint."""
    (folder / "dvc.lock").write_bytes(record)
    shutil.rmtree(folder / ".dvc/tmp/assay", ignore_errors=True)


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    chance = random.Random(seed)
    print(f"# {machine()}; seed {seed}\n")
    row("killed after s", "after epoch", "went on after epoch", "epochs lost", "same bytes")
    row(*["---"] * 5)
    with clone() as folder:
        set_parameters(folder, train__steps=STEPS)
        lock = folder / "dvc.lock"
        before = (
            lock.read_bytes()
        )  # of a training with other parameters, so that DVC has the result to note
        timed([*DVC, "repro", "train"], folder)
        forget(folder, before)
        start = time.perf_counter()
        run(TRAIN, folder)
        whole = time.perf_counter() - start
        expected = [(folder / path).read_bytes() for path in OUTPUTS]
        rows = []
        while len(rows) < kills:
            seconds = chance.uniform(0, whole)
            forget(folder, before)
            said, killed = run(TRAIN, folder, seconds)
            if not killed or lock.read_bytes() != before:
                continue  # it was faster than the undisturbed run
            reached = last_epoch(said)
            again, _ = run(TRAIN, folder)
            went_on = max(map(int, re.findall(r"going on after epoch (\d+)", again)), default=0)
            same = [(folder / path).read_bytes() for path in OUTPUTS] == expected
            rows.append((reached - went_on, same))
            row(f"{seconds:.2f}", reached, went_on, reached - went_on, same)
    print(
        f"\n{sum(same for _, same in rows)} of {kills} same bytes; at most {max(lost for lost, _ in rows)} epochs lost"
    )


if __name__ == "__main__":
    main()
