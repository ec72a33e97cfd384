"""Put what pretraining may read of one batch into a folder of its own: payloads alone, no labels, no test examples."""

import pyarrow.compute as pc

from assay import dataset, parameters
from assay.errors import run


def main() -> None:
    batch = dataset.batch_of_this_stage()
    limit = parameters.load().pretrain.examples
    table = dataset.read_parquet(dataset.examples(batch))
    payload = table.filter(pc.not_equal(table["split"], "test")).drop_columns(dataset.described(table.schema))
    # rows are sorted by content hash, so the first ones are a random sample that growth does not reshuffle
    dataset.write_parquet(dataset.sample(batch), payload.slice(0, limit))


if __name__ == "__main__":
    run(main)
