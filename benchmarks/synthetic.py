"""Write a batch of synthetic embeddings, as `collect` and `embed` do, for benchmarks of `clean`."""

import numpy as np
import pyarrow as pa

from assay.contract import files, parquet_files, paths

WIDTH = 256
PARAMETERS = {"batches": ["synthetic"], "pretrain__batches": ["synthetic"]}


def write(labels: np.ndarray, centres: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Write examples (n,) that lie around the centres (classes, WIDTH) of their labels; the ids are
    returned.
    """
    n = len(labels)
    blocks = (
        centres[part] + rng.standard_normal((len(part), WIDTH), np.float32)
        for part in np.array_split(labels, max(1, n // 10_000))
    )
    files.write_rows(paths.embeddings("synthetic"), n, blocks)
    ids = [f"{number:032x}" for number in range(n)]
    columns = {"id": pa.array(ids), "key": pa.array(ids), "split": pa.array(["train"] * n)}
    columns["feature:none"] = pa.array(np.zeros(n, np.float32))
    payload_format = {"modality": "table", "shape": [1], "features": {"none": "number"}}
    parquet_files.write_examples("synthetic", payload_format, columns)
    files.write_json(paths.ENCODER_INFO, payload_format)
    files.write_json(paths.LISTED, {"batches": ["synthetic"]})
    return ids
