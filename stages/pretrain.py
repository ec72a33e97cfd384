"""Learn an encoder from examples alone: no labels are read, and no test examples."""

import numpy as np

from assay import dataset, encoders, modalities, parameters
from assay.errors import InputError, run
from assay.inference import Model


def main() -> None:
    params = parameters.load()
    dataset.keep_only(dataset.SAMPLED, map(dataset.sample, params.pretrain.batches))
    kind, payload = read_samples(params.pretrain.batches)
    encoder = encoders.learn(kind, payload, params.pretrain, portable=params.portable, threads=params.threads)
    dataset.write_bytes(dataset.ENCODER, encoder.onnx)
    dataset.write_bytes(dataset.ENCODER_FRONT, encoder.front)
    dataset.write_arrays(dataset.ENCODER_WEIGHTS, encoder.weights)
    embed = Model(dataset.ENCODER, portable=params.portable, threads=params.threads)
    learned = {"method": encoder.method, "start": encoder.start, "dimension": embed(payload[:1]).shape[1]}
    tokens = {"tokens": encoder.tokens} if encoder.tokens else {}
    dataset.write_json(dataset.ENCODER_INFO, learned | tokens | kind)


def read_samples(batches: list[str]) -> tuple[dict, np.ndarray]:
    """What the payloads are, and those of all batches. Shape (n, ...)."""
    kind, payloads = {}, []
    for batch in batches:
        path = dataset.sample(batch)
        own = dataset.read_kind(path)
        if kind and own != kind:
            two = f"{path} holds {dataset.describe(own)}, but {batches[0]} holds {dataset.describe(kind)}"
            raise InputError(f"{two}: list batches of one shape, or set collect.resize or collect.channels")
        kind = own
        payloads += modalities.payloads(path, size=4096)
    if not payloads:
        raise InputError("pretrain.batches hold test examples only: list a batch to learn from")
    return kind, np.concatenate(payloads)


if __name__ == "__main__":
    run(main)
