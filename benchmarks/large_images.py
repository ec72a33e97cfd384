"""`embed` of large pictures: images per second, and memory, of the default encoder.

python -m benchmarks.large_images EFFICIENTNET.onnx

It is compared with EfficientNet-lite0 on pictures of 224 x 224, through the same code in the same
run. Make that file with benchmarks/efficientnet.py (SIDE 224). Each encoder runs in its own
process, in turn, several times. The shortest time of each counts.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from assay.contract import parameters
from assay.contract.inference import Model
from assay.encoders import learning
from benchmarks.workspace import ROOT, machine, row

SIDES = (64, 128, 256, 512, 1024)
IMAGES, TIMES = 48, 3
LEARNED = 2**27  # bytes of pictures that the filters are learned from


def pictures(n: int, side: int) -> np.ndarray:
    """Pictures (n, side, side, 3) of smooth noise."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(256, size=(n, side // 8, side // 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def measure(encoder: str, side: int, *, portable: bool) -> dict[str, float]:
    """Images a second, and the largest memory in GiB."""
    params = parameters.load()
    if encoder:
        graph = Path(encoder)
        shape = (3, side, side)
        block = np.random.default_rng(0).normal(size=(IMAGES, *shape)).astype(np.float32)
    else:
        format_ = {"modality": "image", "shape": [side, side, 3]}
        learned = learning.learn(
            format_,
            pictures(min(2000, LEARNED // (3 * side**2)), side),
            params.pretrain,
            portable=portable,
            threads=2,
        )
        graph, block = learned.onnx, pictures(IMAGES, side)
    model = Model(graph, portable=portable, threads=2, memory=params.memory_bytes)
    model(block[:2])
    start = time.perf_counter()
    model(block)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"speed": IMAGES / seconds, "memory": peak}


def main() -> None:
    if len(sys.argv) == 4:
        encoder, side, portable = sys.argv[1:]
        print(json.dumps(measure(encoder, int(side), portable=portable == "True")))
        return
    (efficientnet,) = sys.argv[1:]
    print(f"# {machine()}; images a second, the best of {TIMES} runs\n")
    row("encoder", "pixels a side", "portable", "images/s", "to EfficientNet-lite0", "GiB")
    row(*["---"] * 6)
    for portable in (False, True):
        cases = [(efficientnet, 224), *(("", side) for side in SIDES)]
        best: dict[tuple[str, int], dict[str, float]] = {}
        for _ in range(TIMES):
            for case in cases:
                command = [sys.executable, "-m", "benchmarks.large_images", *map(str, case)]
                done = subprocess.run(
                    [*command, str(portable)], cwd=ROOT, check=True, capture_output=True
                )
                found = json.loads(done.stdout)
                best[case] = max(found, best.get(case, found), key=lambda result: result["speed"])
        theirs = best[cases[0]]["speed"]
        for case, found in best.items():
            name = "EfficientNet-lite0" if case[0] else "patches"
            shown = (
                f"{found['speed']:.1f}",
                f"{found['speed'] / theirs:.2f}",
                f"{found['memory']:.2f}",
            )
            row(name, case[1], "yes" if portable else "no", *shown)


if __name__ == "__main__":
    main()
