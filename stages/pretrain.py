"""Learn an encoder from examples alone: no labels are read, and no test examples."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from assay.contract import files, parameters, parquet_files, paths
from assay.contract.errors import InputError, counted, run, say, tell
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.encoders import columns, learning, subwords
from assay.modalities import formats, registry

_ROWS = 256  # payloads read at a time
_MOST = 2**28  # bytes of payloads that are learned from, of all batches together


def main() -> None:
    params = parameters.load()
    runtime: dict[str, Any] = {"portable": params.portable, "threads": params.threads}
    files.keep_only(paths.SAMPLED, map(paths.sample, params.pretrain.batches))
    remarks = Remarks()
    payload_format, payload = read_samples(params.pretrain.batches, remarks)
    encoder = learning.learn(payload_format, payload, params.pretrain, **runtime)
    files.write_bytes(paths.ENCODER, encoder.onnx)
    files.write_bytes(paths.ENCODER_FRONT, encoder.front)
    files.write_arrays(paths.ENCODER_WEIGHTS, encoder.weights)
    model = Model(paths.ENCODER, **runtime)
    windows = params.pretrain.windows
    subwords.remark_on_cuts(model.tokenizer, payload, remarks, windows)
    is_table = payload_format["modality"] == "table"
    if is_table and not encoder.tokens and not encoder.elsewhere:
        columns.remark_on_limits(payload, payload_format, remarks)
    remarks.say(paths.ENCODER)
    learned = {
        "method": encoder.method,
        "elsewhere": encoder.elsewhere,
        "start": encoder.start,
        "dimension": model(payload[:1]).shape[1],
    }
    is_cut = {"windows": windows} if windows > 1 else {}
    optional = {"tokens": encoder.tokens, "remarks": remarks.as_dicts()} | is_cut
    given = {name: value for name, value in optional.items() if value}
    files.write_json(paths.ENCODER_INFO, learned | given | payload_format)
    numbers = f"{learned['dimension']:,} numbers an example"
    source = "" if encoder.elsewhere else f", learned from {counted(len(payload), 'example')}"
    tell(f"pretrain: {encoder.method}, {numbers}{source}")


def read_samples(batches: list[str], remarks: Remarks) -> tuple[Format, np.ndarray]:
    """The format of the payloads, and the first payloads of each batch, (n, ...).

    They take at most `_MOST` bytes, of all batches together.
    """
    payload_format = read_format(batches)
    blocks: list[np.ndarray] = []
    n_left_out = 0
    for batch in batches:
        path = paths.sample(batch)
        payloads = registry.payloads(path, _ROWS, payload_format)
        fitting_blocks = list(at_most(payloads, _MOST // len(batches)))
        n_left_out += parquet_files.count(path) - sum(map(len, fitting_blocks))
        blocks += fitting_blocks
    if not blocks:
        raise InputError("pretrain.batches hold test examples only: list a batch to learn from")
    limit = f"examples are not learned from: {_MOST // files.MB} MB of examples are enough"
    remarks.add("left out", n_left_out, limit, remedy="smaller examples leave room for more")
    return payload_format, np.concatenate(blocks)


def at_most(blocks: Iterable[np.ndarray], most: int) -> Iterator[np.ndarray]:
    """The first payloads of blocks (n, ...), at least one, that take at most `most` bytes.

    For texts, characters are counted instead of bytes.
    """
    used = 0
    for block in blocks:
        sizes = [len(row) if isinstance(row, str) else row.nbytes for row in block]
        fitting = int(np.searchsorted(used + np.cumsum(sizes), most, side="right"))
        kept = block[: fitting if used else max(fitting, 1)]
        if len(kept):
            yield kept
        if len(kept) < len(block):
            return
        used += sum(sizes)


def read_format(batches: list[str]) -> Format:
    """The format in which the payloads of all batches are read: the first says what they hold."""
    payload_format = parquet_files.read_payload_format(paths.sample(batches[0]))
    for batch in batches[1:]:
        path = paths.sample(batch)
        other_format = parquet_files.read_payload_format(path)
        try:
            payload_format = formats.joined(payload_format, other_format)
        except InputError as error:
            other = f"{path} holds {formats.describe(other_format)}"
            first = f"{batches[0]} holds {formats.describe(payload_format)}"
            raise InputError(f"{other}, but {first}: {error}") from None
        for unread in formats.check(other_format, payload_format):
            say(f"{path}: {unread}")
    return payload_format


if __name__ == "__main__":
    run(main)
