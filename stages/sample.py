"""Keep the payloads that pretraining may read: no labels, and no test examples.

They are kept apart by batch, so that a batch which is appended later does not change them.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import parameters, parquet_files, paths
from assay.contract.errors import run

_ROWS = 4096  # rows read at a time: the bytes of the sample depend on it


def main() -> None:
    batch = paths.batch_of_this_stage()
    limit = parameters.load().pretrain.examples
    examples = paths.examples(batch)
    schema = parquet_files.payload_schema(examples)
    parquet_files.write_tables(paths.sample(batch), schema, payloads(examples, schema, limit))


def payloads(examples: Path, schema: pa.Schema, limit: int) -> Iterator[pa.Table]:
    """The payloads of the first `limit` examples that are learned from, block by block.

    Rows are sorted by content hash, so the first are a random sample that stays as data grows.
    """
    n_left = limit
    for block in parquet_files.blocks(examples, _ROWS):
        learned_from = block.filter(pc.not_equal(block["split"], "test")).slice(0, n_left)
        yield pa.table(learned_from.select(schema.names).columns, schema=schema)
        n_left -= len(learned_from)
        if not n_left:
            return


if __name__ == "__main__":
    run(main)
