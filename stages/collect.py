"""Turn one raw batch into the data set contract: examples under content-hash ids, labels apart."""

import sys
from collections import defaultdict

import pyarrow as pa

from assay.contract import csv_files, identity, parameters, parquet_files, paths
from assay.contract.errors import InputError, run
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import images, registry

_DIGIT_SIZE = (8, 8)  # height and width of scikit-learn's digits, in pixels


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    raw = raw_folder.read(paths.RAW / batch)
    if digits := params.digits_beside(batch):
        refuse_digits(digits, batch, raw, params.collect)

    modality = registry.named(raw.modality)
    places = [example.place for example in raw.examples]
    payload = modality.canonical(raw.payload, places, params.collect)
    ids = identity.content_ids(payload)
    splits = choose_splits(ids, [example.split for example in raw.examples], params.collect)
    counts = identity.in_split_of_copies(ids, splits)
    rows = first_of_copies(ids, counts)

    stored, payload_format = modality.to_columns(payload[rows], rows, raw.payload, params.collect)
    columns = describe(raw, ids, splits, rows) | stored
    parquet_files.write_examples(batch, payload_format, columns, numbered=raw.numbered)
    keys = [example.key for example in raw.examples]
    rows_of_keys = zip(keys, ids, counts, strict=True)
    id_of = {key: id_ for key, id_, is_counted in rows_of_keys if is_counted}
    csv_files.write_csv(paths.labels(batch), ["id", "annotator", "label"], votes(raw, id_of))
    csv_files.write_csv(paths.truth(batch), ["id", "label"], truth(raw, ids))


def refuse_digits(digits: list[str], batch: str, raw: RawBatch, params: parameters.Collect) -> None:
    """Raise if a batch is unlike the example's `digits`, which are still listed beside it.

    No encoder fits both.
    """
    modality = registry.named(raw.modality)
    first = modality.canonical(raw.payload[:1], [raw.examples[0].place], params)
    _, payload_format = modality.to_columns(first, [0], raw.payload[:1], params)
    digits_format = images.format_of([*(params.resize or _DIGIT_SIZE), params.channels or 1])
    if payload_format != digits_format:
        holds = f"{paths.RAW / batch} holds {parquet_files.describe(payload_format)}"
        listed = "but the digits that Assay came with are still listed"
        remedy = f"take {', '.join(digits)} out of batches and pretrain.batches in params.yaml"
        raise InputError(f"{holds}, {listed}: {remedy}")


def choose_splits(ids: list[str], given: list[str], params: parameters.Collect) -> list[str]:
    """The split of each example: the one that the batch gives, or else one by content hash.

    A batch that gives any split gets no test examples by hash. A batch that gives no validation
    split gets one by hash, from its training examples.
    """
    test = 0 if any(given) else params.test
    validation = 0 if "validation" in given else params.validation
    splits = []
    for id_, split in zip(ids, given, strict=True):
        by_hash = identity.split_by_hash(id_, test, validation)
        splits.append(by_hash if split in ("", "train") else split)
    return splits


def first_of_copies(ids: list[str], counts: list[bool]) -> list[int]:
    """The rows to keep, sorted by id: the first of exact copies that counts."""
    first: dict[str, int] = {}
    for row, id_ in enumerate(ids):
        if counts[row]:
            first.setdefault(id_, row)
    return [first[id_] for id_ in sorted(first)]


def describe(
    raw: RawBatch, ids: list[str], splits: list[str], rows: list[int]
) -> dict[str, pa.Array]:
    """The columns of examples.parquet that are not payload, of some rows of a batch.

    `duplicates` holds the keys of other exact copies.
    """
    copies = defaultdict(list)  # keys by id
    for id_, example in zip(ids, raw.examples, strict=True):
        copies[id_].append(example.key)
    kept = [raw.examples[row] for row in rows]
    duplicates = []
    for row, example in zip(rows, kept, strict=True):
        duplicates.append([key for key in copies[ids[row]] if key != example.key])
    columns = {
        "id": pa.array([ids[row] for row in rows]),
        "key": pa.array([example.key for example in kept]),
        "duplicates": pa.array(duplicates, pa.list_(pa.string())),
        "split": pa.array([splits[row] for row in rows]),
    }
    for name in sorted({name for example in kept for name in example.slices}):
        values = [example.slices.get(name, "") for example in kept]
        columns[f"{parquet_files.SLICE}{name}"] = pa.array(values)
    return columns


def votes(raw: RawBatch, id_of: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every label as a vote (id, annotator, label), sorted.

    The annotator of the batch's own column `label` is `given`. So exact copies with different
    labels become several votes for one example. Any other annotator has one vote for an example:
    of several labels in annotations.csv the last counts. Such labels are reported on stderr.

    Parameters
    ----------
    id_of : the id by key, of the examples that count
    """
    given = [
        (id_of[example.key], paths.GIVEN, example.label)
        for example in raw.examples
        if example.label and example.key in id_of
    ]
    label_of: dict[tuple[str, str], str] = {}  # by id and annotator
    repeated = []
    for key, annotator, label in raw.annotations:
        if key not in id_of:
            continue
        vote = (id_of[key], annotator)
        if vote in label_of:
            repeated.append(f"{key!r} by {annotator!r}")
        label_of[vote] = label
    if repeated:
        replace = "labels replace an earlier one by the same person for the same example"
        where = f"assay: {paths.ANNOTATIONS_FILE}"
        print(f"{where}: {len(repeated)} {replace}: {repeated[0]}", file=sys.stderr)
    return sorted(given + [(*vote, label) for vote, label in label_of.items()])


def truth(raw: RawBatch, ids: list[str]) -> list[tuple[str, str]]:
    """The known answers (id, label), sorted.

    Raises
    ------
    InputError
        If exact copies have different answers.
    """
    id_of = {example.key: id_ for example, id_ in zip(raw.examples, ids, strict=True)}
    label_of: dict[str, str] = {}  # by id
    for key, label in raw.truth:
        known = label_of.setdefault(id_of[key], label)
        if known != label:
            differ = f"{key!r} is {label!r}, but an exact copy of it is {known!r}"
            raise InputError(f"{paths.TRUTH_FILE}: {differ}")
    return sorted(label_of.items())


if __name__ == "__main__":
    run(main)
