"""Show how Assay reads a raw folder, before anything runs. A large batch is sampled."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from assay.collecting import copies, doubts, splits, summary, votes
from assay.contract import identity
from assay.contract.arrow_types import is_text
from assay.contract.errors import InputError
from assay.contract.parameters import Parameters
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.contract.stored_rows import StoredRows
from assay.inspection import duration, edits, grouping, listed, needs, sample
from assay.layouts import raw_folder
from assay.layouts.raw_batch import RawBatch
from assay.modalities import registry


def inspect(folder: Path, params: Parameters) -> dict[str, Any]:
    """The facts of `summary.facts`, and what to do next.

    Returns
    -------
    dict
        Also `folder` and `batch`, its name; `decoded`, the number of examples that were decoded;
        `lacking`, remarks on what later stages need, if no other batch is listed and all examples
        were decoded; `error`, what would stop the pipeline, or ""; `group`, what `collect.group`
        may be, with the reason, or None; `edits` of params.yaml by dotted key; `seconds`, an
        estimate of the time that the whole pipeline will take here.

    Raises
    ------
    InputError
        If there is no such folder, or no layout is found in it.
    """
    if not folder.exists() and not folder.is_symlink():
        raise InputError(f"there is no folder {folder}: name one that is there, or `dvc pull` it")
    raw = raw_folder.read(folder, params.collect.largest_file)
    batch = folder.resolve().name
    doubts.remark(raw)
    sampled = range(0, len(raw.examples), sample.step(raw))
    error = ""
    try:
        understood = _understood(raw, sampled, params)
    except InputError as problem:
        error = str(problem)
        understood = _Understood([example.split for example in raw.examples])
    group = understood.group
    proposed_group = group["group"] if group else None
    other = cache(partial(listed.read, group=proposed_group, params=params))  # each is read once
    proposed: edits.Edits = {}
    try:
        edits.check(batch, params)
        lists = edits.propose(batch, params)
        listed.check_modality(batch, raw.modality, other, lists, params)
        raw.remarks += listed.check_format(batch, understood.format, other, lists, params)
        proposed = lists
    except InputError as problem:
        error = error or str(problem)
    others = [name for name in proposed.get("batches", params.batches) if name != batch]
    if not raw.numbered:
        keys = [example.key for example in raw.examples]
        raw.remarks += listed.check_keys(understood.ids, keys, others)
    raw.remarks += listed.check_classes(raw.labels(), others)
    is_whole = len(understood.ids) == len(raw.examples)
    lacking = _lacking(raw, understood, params) if is_whole and not others else Remarks()
    if group and others:
        group["reason"] += f"; {listed.with_group(others, other)}"
    facts = summary.facts(raw, understood.split_of_row)
    n = len(raw.examples)
    seconds = duration.seconds(raw.modality, n, understood.values, understood.decoding)
    return facts | {
        "folder": str(folder),
        "batch": batch,
        "decoded": len(sampled),
        "lacking": lacking.as_dicts(),
        "error": error,
        "group": group,
        "edits": proposed,
        "seconds": round(seconds),
    }


class _Understood(NamedTuple):
    """What a sample of a batch tells.

    Attributes
    ----------
    split_of_row : the split of each example of the batch; "" if it follows from the content
    group : what `collect.group` may be, with the reason
    values : mean number of values of an example
    decoding : seconds to decode one example
    format : of its payloads
    ids : of the examples that were decoded, by key
    votes : (id, annotator, label); examples that were not decoded have their key for an id
    """

    split_of_row: list[str]
    group: dict[str, str] | None = None
    values: float = 0.0
    decoding: float = 0.0
    format: Format | None = None
    ids: Mapping[str, str] = MappingProxyType({})
    votes: Sequence[needs.Vote] = ()


def _understood(raw: RawBatch, sampled: range, params: Parameters) -> _Understood:
    """Decode the sample, and look for copies, splits and groups. Add remarks on what is found.

    Raises
    ------
    InputError
        If the pipeline would stop.
    """
    modality = registry.named(raw.modality)
    collect = params.collect.suited_to(params.pretrain.encoder)
    places = [raw.examples[row].place for row in sampled]
    start = time.perf_counter()
    payload = raw.payload[:: sampled.step]
    decoded = modality.canonical(payload, places, collect, raw.remarks)
    decoding = (time.perf_counter() - start) / len(places)
    chosen = replace(raw, examples=[raw.examples[row] for row in sampled])
    ids = identity.content_ids(decoded)
    # A decoded example is identified by its content, as copies are; any other one by its key.
    of_content = {raw.examples[row].key: id_ for row, id_ in zip(sampled, ids, strict=True)}
    id_of = {example.key: example.key for example in raw.examples} | of_content
    voted = votes.votes(raw, id_of)
    copies.remark(chosen, ids, [True] * len(places))
    split_of_row = _splits(raw, params.collect)
    group = _group(raw, decoded, sampled) if params.collect.group is None else None
    payload_format = modality.to_columns(decoded, [0], payload, collect)[1]
    values = _values(decoded)
    return _Understood(split_of_row, group, values, decoding, payload_format, of_content, voted)


def _splits(raw: RawBatch, params: Collect) -> list[str]:
    """The splits that the batch gives, or that follow from groups or times; "" if from content."""
    if not params.group and params.split_by == "hash":
        given = [example.split for example in raw.examples]
        if any(given):
            doubts.remark_on_untested(raw, given, "the batch")
        return given
    ids = [identity.hash_of_name(example.key) for example in raw.examples]
    return splits.choose(raw, ids, splits.groups_of(raw, ids, params.group), params)


def _lacking(raw: RawBatch, understood: _Understood, params: Parameters) -> Remarks:
    """Remarks on what later stages lack in a batch. All its examples were decoded."""
    ids = [understood.ids[example.key] for example in raw.examples]
    splits_of_row = understood.split_of_row
    by_content = not any(splits_of_row)
    if by_content:
        splits_of_row = splits.choose(raw, ids, None, params.collect)
    smallest = params.clean.smallest_class
    voted = understood.votes
    return needs.lacking(raw, voted, ids, splits_of_row, smallest, by_content=by_content)


def _group(
    raw: RawBatch, decoded: np.ndarray | StoredRows, sampled: range
) -> dict[str, str] | None:
    """What `grouping.propose` finds in a batch, from its decoded sample."""
    examples = raw.examples
    if isinstance(raw.payload, pa.Table):
        texts = [name for name in raw.payload.column_names if is_text(raw.payload[name].type)]
        columns = {name: raw.payload[name].fill_null("").to_pylist() for name in texts}
        features = np.zeros((len(sampled), 0))
    else:
        slices = raw.slices()
        columns = {name: [example.slices.get(name, "") for example in examples] for name in slices}
        features = grouping.describe(decoded)
    keys = [] if raw.numbered else [row.key for row in examples]
    labels = [row.label for row in examples]
    given = [row.split for row in examples]
    proposal = grouping.propose(keys, columns, labels, np.array(sampled), features, splits=given)
    return proposal and proposal._asdict()


def _values(payload: np.ndarray | StoredRows) -> float:
    """The mean number of values of an example: pixels, samples, characters or cells."""
    if payload.dtype == object:
        return float(np.mean([len(text) for text in payload[:]]))
    return float(math.prod(payload.shape[1:]))
