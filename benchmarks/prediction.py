"""One prediction in this process with the release file of the digits. Run `dvc repro` first.

python -m benchmarks.prediction
"""

import statistics
import time

import numpy as np

from assay.contract import files, paths
from assay.contract.inference import Model
from benchmarks.workspace import machine, row


def main() -> None:
    info = files.read_json(paths.RELEASE_INFO)
    payload = np.random.default_rng(0).integers(256, size=(1, *info["shape"]), dtype=np.uint8)
    print(f"# {machine()}\n")
    row("one prediction", "median ms", "99th percentile ms")
    row("---", "---", "---")
    for portable in (True, False):
        model = Model(paths.RELEASE_MODEL, portable=portable, threads=1)
        times = []
        for _ in range(5000):
            start = time.perf_counter()
            model(payload)
            times.append((time.perf_counter() - start) * 1000)
        row(
            f"portable: {str(portable).lower()}",
            statistics.median(times),
            statistics.quantiles(times, n=100)[98],
        )


if __name__ == "__main__":
    main()
