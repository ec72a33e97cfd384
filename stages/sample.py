"""Put what pretraining may read of one batch into a folder of its own: payloads alone, no labels, no test examples."""

import pyarrow.compute as pc

from assay.contract import parameters, parquet_files, paths
from assay.contract.errors import run


def main() -> None:
    batch = paths.batch_of_this_stage()
    limit = parameters.load().pretrain.examples
    table = parquet_files.read_parquet(paths.examples(batch))
    payload = table.filter(pc.not_equal(table["split"], "test")).drop_columns(
        parquet_files.other_than_payload(table.schema)
    )
    # rows are sorted by content hash, so the first ones are a random sample that growth does not reshuffle
    parquet_files.write_parquet(paths.sample(batch), payload.slice(0, limit))


if __name__ == "__main__":
    run(main)
