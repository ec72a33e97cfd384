"""Remarks on things that look wrong in a batch. Nothing is changed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.collecting import doubted_classes
from assay.contract import class_names, column_names, paths
from assay.contract.arrow_types import is_text
from assay.layouts.raw_batch import Example, RawBatch
from assay.layouts.table import LAYOUT

# names of columns that are usually no features or slices
_SPLITS = {"fold", "folds", "is_test", "is_train", "is_val", "partition", "phase", "set", "subset"}
_SOURCES = {"reviewer", "user", "user_id", "username"}  # these people may have made the example
_PEOPLE = {"annotator", *column_names.IN_ANSWERS["annotator"]} - _SOURCES
# names of columns for the start or the end of a part of a sound
_STARTS = {"start", "begin", "onset", "offset", "start_time", "start_seconds", "begin_time"}
_ENDS = {"end", "stop", "offset", "duration", "end_time", "end_seconds", "stop_time"}
_SORTED = 20  # with so many rows, an order by class is no chance


def remark(raw: RawBatch) -> None:
    """Add a remark to a batch for each thing that looks wrong."""
    _remark_on_splits(raw)
    _remark_on_columns(raw)
    _remark_on_parts(raw)
    _remark_on_people(raw)
    _remark_on_row_numbers(raw)
    counts = Counter(raw.labels())
    if not counts:
        remedy = "label some examples before you run the pipeline"
        raw.remarks.add("doubtful", len(raw.examples), "examples have no label at all", "", remedy)
        return
    doubted_classes.remark(raw, counts)
    _remark_on_order(raw)


def remark_on_untested(raw: RawBatch, splits: Sequence[str], chosen_by: str) -> None:
    """Add a remark on classes without a test example, if the test split has other classes.

    Parameters
    ----------
    splits : (n,) of each example of `raw`
    chosen_by : what chose the splits, for the remark
    """
    keys = [example.key for example in raw.examples]
    split_of = dict(zip(keys, splits, strict=True))
    given = [(example.key, example.label) for example in raw.examples if example.label]
    labels = given + [(key, label) for key, _, label in raw.annotations if key in split_of]
    tested = {label for key, label in labels if split_of[key] == "test"}
    untested = sorted({repr(label) for _, label in labels if label not in tested})
    if tested:
        what = f"classes have no example in the test split, which {chosen_by} chose"
        remedy = "give a column `split` with some, unless another batch has them"
        raw.remarks.note("doubtful", untested, what, remedy)


def _remark_on_order(raw: RawBatch) -> None:
    """Add a remark if the rows of a table are sorted by class, and are not just a few."""
    given = [example.label for example in raw.examples if example.label]
    n_classes = len(set(given))
    n_changes = sum(label != next_label for label, next_label in pairwise(given))
    is_long = len(given) >= max(_SORTED, 2 * n_classes)
    is_sorted = n_classes > 1 and n_changes == n_classes - 1
    if raw.numbered and is_long and is_sorted:
        what = "rows are sorted by class"
        remedy = "take out a column that counts them, if there is one: it gives the label away"
        raw.remarks.add("doubtful", len(given), what, "", remedy)


def _remark_on_splits(raw: RawBatch) -> None:
    """Add a remark if a batch gives splits, but no labelled example for the test split."""
    examples_of = defaultdict(list)  # by split
    for example in raw.examples:
        examples_of[example.split].append(example)
    voted = {key for key, *_ in raw.annotations}
    n_given = len(raw.examples) - len(examples_of[""])
    is_labelled = any(example.label or example.key in voted for example in examples_of["test"])
    if n_given and not is_labelled:
        what = "examples have a split, but no labelled one is in the test split"
        remedy = "evaluate needs some, unless another batch has them"
        raw.remarks.add("doubtful", n_given, what, remedy=remedy)
    _remark_on_classes_of_splits(raw, examples_of)


def _remark_on_classes_of_splits(raw: RawBatch, examples_of: dict[str, list[Example]]) -> None:
    """Add a remark on held-out labels whose class no training example has.

    There is no remark if the batch has no labelled training examples: another batch may have them.

    Parameters
    ----------
    examples_of : examples by split
    """
    training = [*examples_of[""], *examples_of["train"]]
    keys = {example.key for example in training}
    classes = {example.label for example in training if example.label}
    classes |= {label for key, _, label in raw.annotations if key in keys}
    if not classes:
        return
    for split in ("validation", "test"):
        labels = [example.label for example in examples_of[split] if example.label]
        unknown = [repr(label) for label in labels if label not in classes]
        what = f"labels of the {split} split are of classes that no training example has"
        remedy = "correct them, leave them empty if unknown, or add training examples"
        raw.remarks.note("doubtful", unknown, what, remedy)


def _remark_on_columns(raw: RawBatch) -> None:
    """Add remarks on columns that may hold splits or people, and on rows without any value."""
    names = raw.columns()
    splits = [repr(name) for name in names if name.casefold() in _SPLITS]
    what = "columns may say which split a row is in, and are read as any other column"
    raw.remarks.note("doubtful", splits, what, "call it `split` if it does, with train and test")
    people = [repr(name) for name in names if name.casefold().rstrip("_0123456789") in _PEOPLE]
    what = "columns may say who labelled a row, and are read as any other column"
    raw.remarks.note("doubtful", people, what, "put people's labels into annotations.csv if so")
    if raw.modality == "text":
        return  # there is already a remark on empty texts
    if isinstance(raw.payload, pa.Table) and raw.payload.num_columns:
        is_empty = np.logical_and.reduce(list(map(_are_empty, raw.payload.columns)))
        rows = [raw.examples[row].place for row in np.flatnonzero(is_empty)]
        raw.remarks.note("doubtful", rows, "rows have no value at all", "take them out")


def _remark_on_parts(raw: RawBatch) -> None:
    """Add a remark if columns seem to give a part of each sound: Assay reads the whole sound."""
    if raw.modality != "audio":
        return
    slices = raw.slices()
    starts = {name for name in slices if name.casefold() in _STARTS}
    ends = {name for name in slices if name.casefold() in _ENDS}
    if starts and ends and len(starts | ends) > 1:
        parts = [e.key for e in raw.examples if any(e.slices.get(name) for name in starts)]
        what = "sounds have columns for a start and an end, and all of the sound is read"
        raw.remarks.note("doubtful", parts, what, "save each part as a file of its own if so meant")


def _are_empty(column: pa.ChunkedArray) -> np.ndarray:
    """Whether each cell is a gap or an empty text. Shape (n,), bool."""
    is_empty = column.is_null(nan_is_null=True)
    if is_text(column.type):
        is_empty = pc.or_(is_empty, pc.equal(pc.fill_null(column, ""), ""))
    return is_empty.to_numpy()


def _remark_on_people(raw: RawBatch) -> None:
    """Add remarks on names of one person in several spellings, and on an annotator `given`."""
    as_given = [repr(key) for key, person, _ in raw.annotations if person == paths.GIVEN]
    what = f"labels are by an annotator called {paths.GIVEN!r}, as the batch's own labels are"
    raw.remarks.note("doubtful", as_given, what, "give this person another name if it is one")
    alike = class_names.look_alikes(person for _, person, _ in raw.annotations)
    what = "annotators may have several names, since spelling alone differs"
    names = class_names.in_words(alike)
    raw.remarks.note("doubtful", names, what, "give the person one name if so")


def _remark_on_row_numbers(raw: RawBatch) -> None:
    """Add a remark if files of labels use row numbers: these change when the table is edited."""
    if raw.numbered and raw.layout == LAYOUT:
        keys = [repr(key) for key, *_ in [*raw.annotations, *raw.truth]]
        what = "labels name their row by its number"
        remedy = "add a column `key` before rows are added or removed in between"
        raw.remarks.note("doubtful", keys, what, remedy)
