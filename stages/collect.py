"""Turn one raw batch into the data set contract: examples under content-hash ids, labels apart."""

import sys
from collections import defaultdict

import pyarrow as pa

from assay.contract import csv_files, identity, parameters, parquet_files, paths
from assay.contract.errors import InputError, quiet, run
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import registry


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    raw = raw_folder.read(paths.RAW / batch)
    modality = registry.named(raw.modality)
    places = [example.place for example in raw.examples]
    if digits := params.digits_beside(batch):
        refuse_digits(digits, batch, raw, params.collect)
    with quiet():  # Pillow and libtiff say what they think of a damaged file
        payload = modality.canonical(raw.payload, places, params.collect)
    ids = identity.content_ids(payload)
    splits = sides(ids, [example.split for example in raw.examples], params.collect)
    rows = first_of_each(ids, splits)
    columns, kind = modality.to_columns(payload[rows], rows, raw.payload, params.collect)
    parquet_files.write_examples(
        batch, kind, describe(raw, ids, splits, rows) | columns, numbered=raw.numbered
    )
    id_of = {
        example.key: id_
        for example, id_, split in zip(raw.examples, ids, splits, strict=True)
        if split
    }
    csv_files.write_csv(paths.labels(batch), ["id", "annotator", "label"], votes(raw, id_of))
    csv_files.write_csv(paths.truth(batch), ["id", "label"], truth(raw, ids))


def refuse_digits(digits: list[str], batch: str, raw: RawBatch, params: parameters.Collect) -> None:
    """Raise where the example's `digits` are still listed beside a batch that is unlike them: no encoder fits both."""
    modality = registry.named(raw.modality)
    with quiet():
        first = modality.canonical(raw.payload[:1], [raw.examples[0].place], params)
    _, kind = modality.to_columns(first, [0], raw.payload[:1], params)
    of_digits = [*(params.resize or (8, 8)), params.channels or 1]
    if (kind["modality"], kind["shape"]) != ("image", of_digits):
        holds = parquet_files.describe(kind)
        said = f"{paths.RAW / batch} holds {holds}, but the digits that Assay came with are still listed"
        raise InputError(
            f"{said}: take {', '.join(digits)} out of batches and pretrain.batches in params.yaml"
        )


def sides(ids: list[str], given: list[str], params: parameters.Collect) -> list[str]:
    """The split of each example: the batch's own where it names any, by content hash where it names none.

    A batch that names a test split but no validation split gets one, by hash, from its training examples. Of copies
    of one example on two sides, all count as the side that is learned from least.
    """
    test = 0 if set(given) - {""} else params.test
    validation = 0 if "validation" in given else params.validation
    hashed = [identity.split_by_hash(id_, test, validation) for id_ in ids]
    splits = [
        other if side in ("", "train") else side for side, other in zip(given, hashed, strict=True)
    ]
    most_held_out: dict[str, str] = {}
    for id_, split in zip(ids, splits, strict=True):
        most_held_out[id_] = max(most_held_out.get(id_, split), split, key=paths.SPLITS.index)
    return [
        split if split == most_held_out[id_] else "" for id_, split in zip(ids, splits, strict=True)
    ]


def first_of_each(ids: list[str], splits: list[str]) -> list[int]:
    """The rows to keep, sorted by id: of exact duplicates the first; a copy that lost its side ("") goes out."""
    first = {ids[row]: row for row in reversed(range(len(ids))) if splits[row]}
    return [first[id_] for id_ in sorted(first)]


def describe(
    raw: RawBatch, ids: list[str], splits: list[str], rows: list[int]
) -> dict[str, pa.Array]:
    """The columns of examples.parquet that are not payload; `duplicates` holds the keys of a row's exact copies."""
    copies = defaultdict(list)
    for id_, example in zip(ids, raw.examples, strict=True):
        copies[id_].append(example.key)
    kept = [raw.examples[row] for row in rows]
    others = [[key for key in copies[ids[row]] if key != raw.examples[row].key] for row in rows]
    columns = {
        "id": pa.array([ids[row] for row in rows]),
        "key": pa.array([example.key for example in kept]),
        "duplicates": pa.array(others, pa.list_(pa.string())),
        "split": pa.array([splits[row] for row in rows]),
    }
    slices = sorted({name for example in kept for name in example.slices})
    return columns | {
        f"{parquet_files.SLICE}{name}": pa.array([each.slices.get(name, "") for each in kept])
        for name in slices
    }


def votes(raw: RawBatch, id_of: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every label as a vote (id, annotator, label); the batch's own label column is the annotator `given`.

    Exact duplicates with different labels so become several votes for one example. A person has one vote for it: of
    several labels in annotations.csv the later counts, which is said on stderr.
    """
    given = [
        (id_of[each.key], paths.GIVEN, each.label)
        for each in raw.examples
        if each.label and each.key in id_of
    ]
    named, again = {}, []
    for key, annotator, label in raw.annotations:
        if key in id_of:
            vote = id_of[key], annotator
            again += [f"{key!r} by {annotator!r}"] if vote in named else []
            named[vote] = label
    if again:
        said = "labels are of a person who had labelled the example before, and the later counts"
        print(f"assay: {paths.ANNOTATIONS_FILE}: {len(again)} {said}: {again[0]}", file=sys.stderr)
    return sorted(given + [(*vote, label) for vote, label in named.items()])


def truth(raw: RawBatch, ids: list[str]) -> list[tuple[str, str]]:
    """The known answers, by id."""
    id_of = {example.key: id_ for example, id_ in zip(raw.examples, ids, strict=True)}
    answers: dict[str, str] = {}
    for key, label in raw.truth:
        known = answers.setdefault(id_of[key], label)
        if known != label:
            raise InputError(
                f"{paths.TRUTH_FILE}: {key!r} is {label!r}, but an exact copy of it is {known!r}"
            )
    return sorted(answers.items())


if __name__ == "__main__":
    run(main)
