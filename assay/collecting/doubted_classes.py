"""Remarks on classes that look wrong in a batch: their names, their number, and measurements."""

import re
from collections import Counter
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.errors import first_of
from assay.layouts import media_files
from assay.layouts.raw_batch import RawBatch
from assay.modalities.columns_as_written import NO_VALUE, guess, parsed, without_gaps

_MANY_CLASSES = 20  # so many classes are normal in any batch
_LABELS_OF_A_CLASS = 3  # with fewer labels per class, the labels may be no classes
# labels that mean "no label", without blanks, `-` and `_` inside
_MISSING = NO_VALUE | {"(blank)", ".", "nolabel", "notlabeled", "notlabelled", "notsure", "tbd"}
_MISSING |= {"undefined", "unknown", "unlabeled", "unlabelled", "unsorted", "unsure"}
_NUMBERED = re.compile(r"\d+[\s_-]+(?=\D)")  # a number before a name
_MARKS = re.compile(rf"^{_NUMBERED.pattern}|[\s_-]+")
_NO_CLASSES = {"backup", "bak", "cache", "copy", "mask", "masks", "new folder", "old", "originals"}
_NO_CLASSES |= {"output", "outputs", "results", "temp", "thumbnails", "thumbs", "tmp", "trash"}
_MASK = re.compile(r"(.+)[ _-](?:mask|seg|segmentation)(?:[ _-]?\d+)?", re.IGNORECASE)  # of a file
_BY_CHANCE = 2.0  # equal classes that are drawn at random have a variance of one mean
_VARIED = 0.25  # least spread of the counts of a measure, of their mean
_SMOOTH = 0.3  # of a measure: how much neighbours differ; 1 if the order tells nothing
_CLASSES = 2  # so many classes are needed to see whether they are numbers or dates


def remark(raw: RawBatch, counts: Counter[str]) -> None:
    """Add remarks on classes whose names or number look wrong.

    Parameters
    ----------
    counts : of labels, by class
    """
    _remark_on_names(raw, counts)
    _remark_on_folders(raw, counts)
    _remark_on_masks(raw)
    _remark_on_number(raw, counts)
    _remark_on_measures(raw, counts)


def _remark_on_names(raw: RawBatch, counts: Counter[str]) -> None:
    """Add remarks on names that say that there is no label, or no class."""
    missing = {label: n for label, n in counts.items() if _says_no_label(label, counts)}
    remedy = "if it is no class of its own, leave the label empty, or call the folder `unlabelled`"
    what = "labels are of classes whose names say that there is no label"
    named = [f"{label!r} ({n:,})" for label, n in missing.items()]
    raw.remarks.add("doubtful", sum(missing.values()), what, first_of(named), remedy)
    if not _is_by_folder(raw):
        return
    no_classes = sorted(label for label in counts if label.casefold() in _NO_CLASSES)
    what = "classes are named as folders that hold no class"
    raw.remarks.note("doubtful", list(map(repr, no_classes)), what, "move them out of the batch")


def _remark_on_folders(raw: RawBatch, counts: Counter[str]) -> None:
    """Add a remark on folders of one name inside several others: they may be one class."""
    if not _is_by_folder(raw):
        return
    last = Counter(label.rpartition("/")[2] for label in counts if "/" in label)
    repeated = [name for name, count in last.items() if count > 1]
    what = "folder names are found in several folders, and are taken for several classes"
    remedy = "put all files of a class into one folder"
    raw.remarks.add("doubtful", len(repeated), what, first_of(repeated), remedy)
    outer = Counter(label.rpartition("/")[0] for label in counts)
    if not repeated and len(outer) > 1 and min(outer.values()) > 1 and "" not in outer:
        what = f"classes are folders inside {len(outer):,} outer folders"
        remedy = "if the outer ones are the classes, list the files in metadata.csv"
        raw.remarks.add("guessed", len(counts), what, first_of(sorted(outer)), remedy)


def _remark_on_masks(raw: RawBatch) -> None:
    """Add a remark on pictures that are named as masks of others: `x_mask.png` beside `x.png`."""
    if raw.modality != "image" or not _is_by_folder(raw):
        return
    keys = sorted(example.key for example in raw.examples)
    stems = {key.rpartition(".")[0] for key in keys}
    masked = {key: _MASK.fullmatch(key.rpartition(".")[0]) for key in keys}
    masks = [repr(key) for key, found in masked.items() if found and found[1] in stems]
    what = "files are named as masks of other files, and are examples too"
    raw.remarks.note("doubtful", masks, what, "move them out of the batch")


def _remark_on_number(raw: RawBatch, counts: Counter[str]) -> None:
    """Add remarks on a single class, on very many, and on classes with one label."""
    if len(counts) == 1:
        (label,) = counts
        remedy = "a classifier needs two: a folder for each class, or a column `label`"
        raw.remarks.add("doubtful", counts.total(), f"labels are all {label!r}", "", remedy)
    if len(counts) > max(_MANY_CLASSES, counts.total() / _LABELS_OF_A_CLASS):
        what = f"classes for {counts.total()} labels"
        remedy = "is this column the label?"
        raw.remarks.add("doubtful", len(counts), what, repr(min(counts)), remedy)
    else:
        single = sorted(label for label, count in counts.items() if count == 1)
        what = "classes have one label only"
        remedy = "clean stops at a class with fewer than clean.smallest_class labels"
        raw.remarks.note("doubtful", [repr(label) for label in single], what, remedy)


def _says_no_label(label: str, classes: Collection[str]) -> bool:
    """Whether a name means that there is no label: a word for it, or -1 beside other classes.

    -1 may be a class beside 1, 0 and 1, or another negative number. A numbered name may be one
    beside another: `0 - none`, `1 - mild`.
    """
    if label in ("-1", "-1.0"):
        others = {name.removesuffix(".0") for name in classes if name != label}
        is_scale = any(name.startswith("-") for name in others) or others <= {"0", "1"}
        return len(others) > 1 and not is_scale
    if _NUMBERED.match(label) and sum(map(bool, map(_NUMBERED.match, classes))) > 1:
        return False
    name = label.casefold()
    return name in _MISSING or _MARKS.sub("", name) in _MISSING


def _remark_on_measures(raw: RawBatch, counts: Counter[str]) -> None:
    """Add a remark if the classes may be measurements: dates, decimals, many near whole numbers.

    Parameters
    ----------
    counts : of labels, by class
    """
    names = without_gaps(pa.array(sorted(counts), pa.string())).drop_null()
    if len(names) < _CLASSES:
        return
    type_, written = guess(names)
    if type_ == "date":
        what = "labels are dates, and each date is a class"
        raw.remarks.add("doubtful", counts.total(), what, repr(names[0].as_py()))
    elif type_ == "number":
        numbers = parsed(names, type_, written)
        is_between = pc.not_equal(numbers, pc.floor(numbers))
        with_decimals = names.filter(pc.and_(is_between, pc.is_finite(numbers))).to_pylist()
        n_measured = sum(map(counts.__getitem__, with_decimals))
        what = "labels are numbers with decimals, and each number is a class"
        remedy = "make classes of ranges if it is a measure: a measure is not learned as such"
        example = repr(min(with_decimals, default=""))
        raw.remarks.add("doubtful", n_measured, what, example, remedy)
        n_labels = np.array([counts[name] for name in names.to_pylist()])
        may_count = not _is_by_folder(raw) and _may_count(numbers.to_numpy(), n_labels)
        if not with_decimals and may_count:
            what = "labels are whole numbers, and each number is a class"
            raw.remarks.add("doubtful", counts.total(), what, repr(min(counts)), remedy)


def _may_count(numbers: np.ndarray, n_labels: np.ndarray) -> bool:
    """Whether many different whole numbers (n,) lie close together, with labels as of a measure.

    Near values of a measure have about as many labels (n,), and far ones have not. Classes that are
    numbered, often from 0 or 1, have about as many labels each, or any number.
    """
    least, most = numbers.min(), numbers.max()
    is_close = most - least + 1 < 2 * len(numbers)
    if len(numbers) <= _MANY_CLASSES or least in (0, 1) or not is_close:
        return False
    in_order = n_labels[np.argsort(numbers)]
    mean, variance = in_order.mean(), in_order.var()
    varies = variance > max(_BY_CHANCE * mean, (_VARIED * mean) ** 2)
    # about 1 if the order tells nothing (the ratio of von Neumann 1941)
    roughness = np.mean(np.diff(in_order) ** 2) / max(2 * variance, 1e-9)
    return bool(varies and roughness < _SMOOTH)


def _is_by_folder(raw: RawBatch) -> bool:
    """Whether folders name the classes."""
    return raw.layout.startswith(media_files.FOLDERS)
