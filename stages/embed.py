"""Turn the examples of one batch into embeddings: one row each, in the order of examples.parquet."""

import numpy as np

from assay import dataset, modalities, parameters
from assay.errors import InputError, run
from assay.inference import Model


def main() -> None:
    batch = dataset.batch_of_this_stage()
    params = parameters.load()
    path = dataset.examples(batch)
    check_kind(batch)
    encoder = Model(dataset.ENCODER, portable=params.portable, threads=params.threads)
    embeddings = map(finite, map(encoder, modalities.payloads(path, params.embed.batch_size)))
    dataset.write_rows(dataset.embeddings(batch), dataset.count(path), embeddings)


def finite(embeddings: np.ndarray) -> np.ndarray:
    """The embeddings (n, dimension), if all are finite."""
    if not np.isfinite(embeddings).all():
        raise InputError(f"{dataset.ENCODER} gives embeddings that are not finite: is a feature constant or damaged?")
    return embeddings


def check_kind(batch: str) -> None:
    """Raise unless the batch holds what the encoder was learned from."""
    learned, own = dataset.read_json(dataset.ENCODER_INFO), dataset.read_kind(dataset.examples(batch))
    for name, value in own.items():
        if learned.get(name) != value:
            differ = f"{name} is {value}, but the encoder was learned from {learned.get(name)}"
            remedy = "take the batch off the lists, or bring all to one shape (collect.resize, collect.channels)"
            raise InputError(f"{dataset.RAW / batch}: {differ}; {remedy}")


if __name__ == "__main__":
    run(main)
