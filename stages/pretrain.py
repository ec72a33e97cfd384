"""Learn an encoder from examples alone: no labels are read, and no test examples."""

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.encoders import learning
from assay.modalities import registry


def main() -> None:
    params = parameters.load()
    files.keep_only(paths.SAMPLED, map(paths.sample, params.pretrain.batches))
    kind, payload = read_samples(params.pretrain.batches)
    encoder = learning.learn(
        kind, payload, params.pretrain, portable=params.portable, threads=params.threads
    )
    files.write_bytes(paths.ENCODER, encoder.onnx)
    files.write_bytes(paths.ENCODER_FRONT, encoder.front)
    files.write_arrays(paths.ENCODER_WEIGHTS, encoder.weights)
    embed = Model(paths.ENCODER, portable=params.portable, threads=params.threads)
    learned = {
        "method": encoder.method,
        "start": encoder.start,
        "dimension": embed(payload[:1]).shape[1],
    }
    tokens = {"tokens": encoder.tokens} if encoder.tokens else {}
    files.write_json(paths.ENCODER_INFO, learned | tokens | kind)


def read_samples(batches: list[str]) -> tuple[dict, np.ndarray]:
    """What the payloads are, and those of all batches. Shape (n, ...)."""
    kind, payloads = {}, []
    for batch in batches:
        path = paths.sample(batch)
        own = parquet_files.read_kind(path)
        if kind and own != kind:
            two = f"{path} holds {parquet_files.describe(own)}, but {batches[0]} holds {parquet_files.describe(kind)}"
            raise InputError(
                f"{two}: list batches of one shape, or set collect.resize or collect.channels"
            )
        kind = own
        payloads += registry.payloads(path, size=4096)
    if not payloads:
        raise InputError("pretrain.batches hold test examples only: list a batch to learn from")
    return kind, np.concatenate(payloads)


if __name__ == "__main__":
    run(main)
