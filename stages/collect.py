"""Convert one raw batch to the common format: examples with content hashes as ids, and labels."""

from collections import Counter

from assay.collecting import copies, doubts, examples, splits, summary, votes
from assay.contract import csv_files, files, identity, parameters, parquet_files, paths
from assay.contract.errors import InputError, run, tell
from assay.contract.remarks import Remarks
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import formats, images, registry

_DIGIT_SIZE = (8, 8)  # height and width of scikit-learn's digits, in pixels


def main() -> None:
    batch = paths.batch_of_this_stage()
    params = parameters.load()
    collect = params.collect.suited_to(params.pretrain.encoder)
    raw = raw_folder.read(paths.RAW / batch, collect.largest_file)
    if digits := params.digits_beside(batch):
        refuse_digits(digits, batch, raw, collect)

    modality = registry.named(raw.modality)
    places = [example.place for example in raw.examples]
    payload = modality.canonical(raw.payload, places, collect, raw.remarks)
    ids = identity.content_ids(payload)
    groups = splits.groups_of(raw, ids, collect.group)
    split_of_row = splits.choose(raw, ids, groups, collect)
    is_counted = identity.in_split_of_copies(ids, split_of_row)
    rows = examples.first_of_copies(ids, is_counted)
    keys = [example.key for example in raw.examples]
    rows_of_keys = zip(keys, ids, is_counted, strict=True)
    id_of = {key: id_ for key, id_, counts in rows_of_keys if counts}
    labels = votes.votes(raw, id_of)
    truth = votes.truth(raw, ids)
    copies.remark(raw, ids, is_counted)
    copies.remark_on_lost_differences(raw, ids)
    doubts.remark(raw)
    split_of_stored = [split_of_row[row] for row in rows]
    by_class = Counter(label for *_, label in labels)
    facts = summary.of_counted(raw, split_of_stored, id_of, by_class, len(truth))

    stored, payload_format = modality.to_columns(payload, rows, raw.payload, collect)
    payload_format |= raw.remarks.payload_format
    columns = examples.describe(raw, ids, split_of_row, groups, rows) | stored
    parquet_files.write_examples(batch, payload_format, columns, numbered=raw.numbered)
    csv_files.write_csv(paths.labels(batch), ["id", "annotator", "label"], labels)
    csv_files.write_csv(paths.truth(batch), ["id", "label"], truth)
    files.write_json(paths.summary(batch), facts)
    unlabelled = len(rows) - len({id_ for id_, *_ in labels})
    tell(f"{paths.RAW / batch}: {summary.line(facts, unlabelled)}")
    raw.remarks.say(paths.RAW / batch)


def refuse_digits(digits: list[str], batch: str, raw: RawBatch, params: parameters.Collect) -> None:
    """Raise InputError if the example's `digits` are still listed beside a batch of other format.

    No encoder fits both.
    """
    modality = registry.named(raw.modality)
    first = modality.canonical(raw.payload[:1], [raw.examples[0].place], params, Remarks())
    _, payload_format = modality.to_columns(first, [0], raw.payload[:1], params)
    size = params.resize if isinstance(params.resize, tuple) else _DIGIT_SIZE
    digits_format = images.format_of([*size, params.channels or 1])
    if payload_format != digits_format:
        holds = f"{paths.RAW / batch} holds {formats.describe(payload_format)}"
        listed = "but the digits that Assay came with are still listed"
        remedy = f"take {', '.join(digits)} out of batches and pretrain.batches in params.yaml"
        raise InputError(f"{holds}, {listed}: {remedy}")


if __name__ == "__main__":
    run(main)
