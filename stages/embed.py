"""Turn the examples of a batch into embeddings, one row each, in the order of examples.parquet."""

import numpy as np

from assay.contract import files, parameters, parquet_files, paths, time_left
from assay.contract.errors import InputError, counted, run, say, tell
from assay.contract.inference import Model
from assay.contract.parquet_files import Format
from assay.modalities import formats, registry


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    path = paths.examples(batch)
    payload_format = parquet_files.read_payload_format(path)
    learned_from = files.read_json(paths.ENCODER_INFO)
    for unread in check_format(batch, payload_format, learned_from):
        say(f"{paths.RAW / batch}: {unread}")
    memory = params.memory_bytes
    threads = params.threads
    encoder = Model(paths.ENCODER, portable=params.portable, threads=threads, memory=memory)
    n = parquet_files.count(path)
    payloads = registry.payloads(path, params.embed.batch_size, learned_from)
    blocks = time_left.with_progress(payloads, n, f"embed {batch}")
    embeddings = (check_finite(encoder(block)) for block in blocks)
    files.write_rows(paths.embeddings(batch), n, embeddings)
    tell(f"embed: {counted(n, 'example')} of {batch}")


def check_format(batch: str, payload_format: Format, learned_from: Format) -> list[str]:
    """List what the encoder does not read of a batch; raise InputError if it cannot read it."""
    try:
        return formats.check(payload_format, learned_from)
    except InputError as error:
        raise InputError(f"{paths.RAW / batch}: {error}") from None


def check_finite(embeddings: np.ndarray) -> np.ndarray:
    """Return the embeddings (n, dimension); raise InputError if any is infinite or NaN."""
    if not np.isfinite(embeddings).all():
        wrong = f"{paths.ENCODER} gives embeddings that are not finite"
        raise InputError(f"{wrong}: is a feature constant or damaged?")
    return embeddings


if __name__ == "__main__":
    run(main)
