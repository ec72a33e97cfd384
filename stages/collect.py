"""Turn one raw batch into the data set contract: examples under content-hash ids, labels apart."""

from collections import defaultdict

import pyarrow as pa

from assay import dataset, layouts, modalities, parameters
from assay.errors import run
from assay.layouts import RawBatch


def main() -> None:
    batch = dataset.batch_of_this_stage()
    params = parameters.load().collect
    raw = layouts.read(dataset.RAW / batch)
    modality = modalities.named(raw.modality)
    payload = modality.canonical(raw.payload, raw.places, resize=params.resize, channels=params.channels)
    ids = dataset.content_ids(payload)
    splits = sides(ids, raw.splits, params)
    rows = first_of_each(ids, splits)
    columns, kind = modality.to_columns(payload[rows], raw.features)
    dataset.write_examples(batch, kind, describe(raw, ids, splits, rows) | columns)
    dataset.write_csv(dataset.labels(batch), ["id", "annotator", "label"], votes(raw, ids, splits))
    dataset.write_csv(dataset.truth(batch), ["id", "label"], truth(raw, ids))


def sides(ids: list[str], given: list[str], params: parameters.Collect) -> list[str]:
    """The split of each example: the batch's own where it names any, by content hash where it names none.

    A batch that names a test split but no validation split gets one, by hash, from its training examples. Of copies
    of one example on two sides, all count as the side that is learned from least.
    """
    named = set(given) - {""}
    if not named:
        return [dataset.split_by_hash(id_, params.test, params.validation) for id_ in ids]
    validation = 0 if "validation" in named else params.validation
    splits = [
        dataset.split_by_hash(id_, 0, validation) if side in ("", "train") else side
        for id_, side in zip(ids, given, strict=True)
    ]
    most_held_out: dict[str, str] = {}
    for id_, split in zip(ids, splits, strict=True):
        most_held_out[id_] = max(most_held_out.get(id_, split), split, key=dataset.SPLITS.index)
    return [split if split == most_held_out[id_] else "" for id_, split in zip(ids, splits, strict=True)]


def first_of_each(ids: list[str], splits: list[str]) -> list[int]:
    """The rows to keep, sorted by id: of exact duplicates the first; a copy that lost its side ("") goes out."""
    first: dict[str, int] = {}
    for row, (id_, split) in enumerate(zip(ids, splits, strict=True)):
        if split:
            first.setdefault(id_, row)
    return [first[id_] for id_ in sorted(first)]


def describe(raw: RawBatch, ids: list[str], splits: list[str], rows: list[int]) -> dict[str, pa.Array]:
    """The columns of examples.parquet that are not payload; `duplicates` holds the keys of a row's exact copies."""
    keys = defaultdict(list)
    for id_, key in zip(ids, raw.keys, strict=True):
        keys[id_].append(key)
    columns = {
        "id": pa.array([ids[row] for row in rows]),
        "key": pa.array([raw.keys[row] for row in rows]),
        "duplicates": pa.array(
            [[key for key in keys[ids[row]] if key != raw.keys[row]] for row in rows], pa.list_(pa.string())
        ),
        "split": pa.array([splits[row] for row in rows]),
    }
    slices = {f"slice:{name}": pa.array([values[row] for row in rows]) for name, values in raw.slices.items()}
    return columns | slices


def votes(raw: RawBatch, ids: list[str], splits: list[str]) -> list[tuple[str, str, str]]:
    """Every label as a vote (id, annotator, label); the batch's own label column is the annotator `given`.

    Exact duplicates with different labels so become several votes for one example.
    """
    row_of = {key: row for row, key in enumerate(raw.keys)}
    given = [(row, "given", label) for row, label in enumerate(raw.labels) if label]
    people = [(row_of[key], annotator, label) for key, annotator, label in raw.annotations]
    return sorted((ids[row], annotator, label) for row, annotator, label in given + people if splits[row])


def truth(raw: RawBatch, ids: list[str]) -> list[tuple[str, str]]:
    row_of = {key: row for row, key in enumerate(raw.keys)}
    return sorted({ids[row_of[key]]: label for key, label in raw.truth}.items())


if __name__ == "__main__":
    run(main)
