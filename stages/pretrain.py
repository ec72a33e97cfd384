"""Learn an encoder from examples alone: no labels are read, and no test examples."""

from typing import Any

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.encoders import learning, subwords
from assay.modalities import registry

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


def read_samples(batches: list[str]) -> tuple[dict[str, Any], np.ndarray]:
    """The format of the payloads, and those of all batches, (n, ...)."""
    payload_format = parquet_files.read_payload_format(paths.sample(batches[0]))
    blocks: list[np.ndarray] = []
    for batch in batches:
        path = paths.sample(batch)
        other_format = parquet_files.read_payload_format(path)
        if other_format != payload_format:
            other = f"{path} holds {parquet_files.describe(other_format)}"
            first = f"{batches[0]} holds {parquet_files.describe(payload_format)}"
            formats = [payload_format, other_format]
            names = [*payload_format, *other_format]
            name = next(
                name for name in names if payload_format.get(name) != other_format.get(name)
            )
            remedy = f"list batches of one {name}{registry.remedy(name, formats)}"
            raise InputError(f"{other}, but {first}: {remedy}")
        blocks += registry.payloads(path, size=_ROWS)
    if not blocks:
        raise InputError("pretrain.batches hold test examples only: list a batch to learn from")
    return payload_format, np.concatenate(blocks)


if __name__ == "__main__":
    run(main)
