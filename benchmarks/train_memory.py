"""The largest memory of `train`, for one epoch on 10,000 and on 200,000 synthetic colour images of
32 by 32 pixels.

python -m benchmarks.train_memory
"""

import sys

import numpy as np
import pyarrow as pa
from onnx import TensorProto

from assay.contract import csv_files, files, parquet_files, paths
from assay.modalities import images
from assay.training import onnx_graph
from benchmarks.workspace import ROOT, code_only, machine, row, set_parameters, timed

SHAPE, CLASSES, BLOCK, VALIDATION = (32, 32, 3), 10, 10_000, 20  # one in so many validates


def write(n: int) -> None:
    """One batch of `n` images, as collect, pretrain and annotate leave it, in the current folder."""
    rng = np.random.default_rng(0)
    ids = [f"{number:032x}" for number in range(n)]
    pixels = (rng.integers(256, size=(BLOCK, *SHAPE)).astype(np.uint8) for _ in range(n // BLOCK))
    blocks = [images.to_columns(block, range(len(block)), None, None) for block in pixels]
    others = ["validation", "test"]
    split = [*others, *("train" if number % VALIDATION else others[0] for number in range(2, n))]
    columns = {"id": pa.array(ids), "key": pa.array(ids), "split": pa.array(split)}
    columns["image"] = pa.concat_arrays([block["image"][:] for block, _ in blocks])
    kind = blocks[0][1]
    parquet_files.write_examples("synthetic", kind, columns)
    files.write_json(paths.LISTED, {"batches": ["synthetic"]})
    labels = zip(
        ids, rng.integers(CLASSES, size=n).tolist(), ["1.0"] * n, ["consensus"] * n, strict=True
    )
    csv_files.write_csv(paths.ANNOTATED_LABELS, ["id", "label", "weight", "source"], labels)
    csv_files.write_csv(paths.ALTERNATIVES, ["id", "label", "confidence"], [])
    for path in (paths.ENCODER, paths.ENCODER_FRONT):
        files.write_bytes(path, onnx_graph.identity(TensorProto.UINT8, SHAPE))
    files.write_arrays(paths.ENCODER_WEIGHTS, {})
    encoder = {"method": "patches", "elsewhere": False, "start": "scratch"}
    files.write_json(paths.ENCODER_INFO, encoder | kind)


def main() -> None:
    print(f"# {machine()}\n")
    row("train", "portable", "seconds", "GiB", "of the memory of 10,000")
    row(*["---"] * 5)
    for portable in (False,):
        first = None
        for n in (10_000, 200_000):
            with code_only() as folder:
                set_parameters(folder, portable=portable, train__epochs=1, train__steps=1)
                timed(
                    [
                        sys.executable,
                        "-c",
                        f"from benchmarks.train_memory import write; write({n})",
                    ],
                    folder,
                    PYTHONPATH=str(ROOT),
                )
                seconds, memory = timed([sys.executable, "-m", "stages.train"], folder)
            first = first or memory
            row(f"{n:,} images", portable, seconds, f"{memory:.3f}", f"{memory / first:.3f}")


if __name__ == "__main__":
    main()
