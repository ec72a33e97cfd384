"""Learn an encoder from examples alone: no labels are read, and no test examples."""

from typing import Any

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run, say
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.encoders import learning, subwords
from assay.modalities import formats, registry

_ROWS = 4096  # payloads read at a time


def main() -> None:
    params = parameters.load()
    runtime: dict[str, Any] = {"portable": params.portable, "threads": params.threads}
    files.keep_only(paths.SAMPLED, map(paths.sample, params.pretrain.batches))
    payload_format, payload = read_samples(params.pretrain.batches)
    encoder = learning.learn(payload_format, payload, params.pretrain, **runtime)
    files.write_bytes(paths.ENCODER, encoder.onnx)
    files.write_bytes(paths.ENCODER_FRONT, encoder.front)
    files.write_arrays(paths.ENCODER_WEIGHTS, encoder.weights)
    model, remarks = Model(paths.ENCODER, **runtime), Remarks()
    subwords.remark_on_cuts(model.tokenizer, payload, remarks)
    remarks.say(paths.ENCODER)
    learned = {
        "method": encoder.method,
        "elsewhere": encoder.elsewhere,
        "start": encoder.start,
        "dimension": model(payload[:1]).shape[1],
    }
    optional = {"tokens": encoder.tokens, "remarks": remarks.as_dicts()}
    given = {name: value for name, value in optional.items() if value}
    files.write_json(paths.ENCODER_INFO, learned | given | payload_format)


def read_samples(batches: list[str]) -> tuple[Format, np.ndarray]:
    """The format of the payloads, and those of all batches, (n, ...)."""
    payload_format = read_format(batches)
    blocks: list[np.ndarray] = []
    for batch in batches:
        blocks += registry.payloads(paths.sample(batch), _ROWS, payload_format)
    if not blocks:
        raise InputError("pretrain.batches hold test examples only: list a batch to learn from")
    return payload_format, np.concatenate(blocks)


def read_format(batches: list[str]) -> Format:
    """The format in which the payloads of all batches are read: the first says what they hold."""
    payload_format = parquet_files.read_payload_format(paths.sample(batches[0]))
    for batch in batches[1:]:
        path = paths.sample(batch)
        other_format = parquet_files.read_payload_format(path)
        try:
            payload_format = formats.joined(payload_format, other_format)
        except InputError as error:
            other = f"{path} holds {parquet_files.describe(other_format)}"
            first = f"{batches[0]} holds {parquet_files.describe(payload_format)}"
            raise InputError(f"{other}, but {first}: {error}") from None
        for what in formats.check(other_format, payload_format):
            say(f"{path}: {what}")
    return payload_format


if __name__ == "__main__":
    run(main)
