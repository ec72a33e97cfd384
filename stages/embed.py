"""Turn the examples of one batch into embeddings: one row each, in the order of examples.parquet."""

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.modalities import registry


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    path = paths.examples(batch)
    check_kind(batch)
    encoder = Model(paths.ENCODER, portable=params.portable, threads=params.threads)
    embeddings = map(finite, map(encoder, registry.payloads(path, params.embed.batch_size)))
    files.write_rows(paths.embeddings(batch), parquet_files.count(path), embeddings)


def finite(embeddings: np.ndarray) -> np.ndarray:
    """The embeddings (n, dimension), if all are finite."""
    if not np.isfinite(embeddings).all():
        raise InputError(
            f"{paths.ENCODER} gives embeddings that are not finite: is a feature constant or damaged?"
        )
    return embeddings


def check_kind(batch: str) -> None:
    """Raise unless the batch holds what the encoder was learned from."""
    learned, own = (
        files.read_json(paths.ENCODER_INFO),
        parquet_files.read_kind(paths.examples(batch)),
    )
    for name, value in own.items():
        if learned.get(name) != value:
            differ = f"{name} is {value}, but the encoder was learned from {learned.get(name)}"
            remedy = "take the batch off the lists, or bring all to one shape (collect.resize, collect.channels)"
            raise InputError(f"{paths.RAW / batch}: {differ}; {remedy}")


if __name__ == "__main__":
    run(main)
