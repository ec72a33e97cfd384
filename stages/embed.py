"""Turn the examples of a batch into embeddings, one row each, in the order of examples.parquet."""

from typing import Any

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.modalities import registry

_OPTIONAL = ("range", "background")  # keys of a format that plain images lack


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    path = paths.examples(batch)
    payload_format = parquet_files.read_payload_format(path)
    check_format(batch, payload_format, files.read_json(paths.ENCODER_INFO))
    encoder = Model(paths.ENCODER, portable=params.portable, threads=params.threads)
    payloads = registry.payloads(path, params.embed.batch_size)
    embeddings = (check_finite(encoder(block)) for block in payloads)
    files.write_rows(paths.embeddings(batch), parquet_files.count(path), embeddings)


def check_format(batch: str, payload_format: dict[str, Any], encoder: dict[str, Any]) -> None:
    """Raise unless the payloads of a batch are what the encoder was learned from."""
    for name in dict.fromkeys((*payload_format, *_OPTIONAL)):
        value, known = payload_format.get(name), encoder.get(name)
        if value == known:
            continue
        differ = f"{name} is {value}, but the encoder was learned from {known}"
        remedy = f"take the batch off the lists{registry.remedy(name, [encoder])}"
        raise InputError(f"{paths.RAW / batch}: {differ}; {remedy}")


def check_finite(embeddings: np.ndarray) -> np.ndarray:
    """The same embeddings (n, dimension). Raise unless all are finite."""
    if not np.isfinite(embeddings).all():
        wrong = f"{paths.ENCODER} gives embeddings that are not finite"
        raise InputError(f"{wrong}: is a feature constant or damaged?")
    return embeddings


if __name__ == "__main__":
    run(main)
