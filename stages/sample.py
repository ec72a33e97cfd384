"""Keep the payloads that pretraining may read: no labels, and no test examples.

They are kept apart by batch, so that a batch which is appended later does not change them.
"""

import pyarrow.compute as pc

from assay.contract import parameters, parquet_files, paths
from assay.contract.errors import run


def main() -> None:
    batch = paths.batch_of_this_stage()
    limit = parameters.load().pretrain.examples
    examples = parquet_files.read_parquet(paths.examples(batch))
    learned_from = examples.filter(pc.not_equal(examples["split"], "test"))
    payload = learned_from.drop_columns(parquet_files.other_than_payload(examples.schema))
    # rows are sorted by content hash, so the first are a random sample that stays as data grows
    parquet_files.write_parquet(paths.sample(batch), payload.slice(0, limit))


if __name__ == "__main__":
    run(main)
