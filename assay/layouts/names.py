"""Bring the names of splits, classes and people to one spelling each."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from assay.contract import class_names
from assay.contract.errors import InputError, first_of
from assay.contract.paths import SPLITS
from assay.contract.remarks import Remarks
from assay.layouts.raw_batch import Example, RawBatch
from assay.modalities.columns_as_written import guess, without_gaps

# `SPLIT_KEYWORDS` of Hugging Face's `datasets`, and short forms
_SPLIT_OF = {
    "": "",
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "eval", "evaluation"), "test"),
}
_EITHER = ("eval", "evaluation")  # the validation split if another word means test
_UNLABELLED = ("unlabelled", "unlabeled")  # folders of examples whose class is not known
_JOINT = re.compile("[;|,]")  # signs between several labels
_SEVERAL = 2
_BLANKS = re.compile(r"[\s_-]|(?<=.)(set|data|split|images|labels)$")


def _word(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold().strip()
    return _BLANKS.sub("", folded)


def is_split(name: str) -> bool:
    """Whether a name means a split, in any letter case; usual synonyms count too."""
    return bool(_SPLIT_OF.get(_word(name)))


def is_unlabelled(name: str) -> bool:
    """Whether the name of a folder says that its examples have no label, in any letter case."""
    return _word(name) in _UNLABELLED


def leave_unlabelled(examples: Sequence[Example], remarks: Remarks) -> None:
    """Remove the label of the examples in or below a folder `unlabelled`.

    Parameters
    ----------
    examples : from folders of classes, with the names of the folders as labels
    """
    inside = [row for row in examples if is_unlabelled(row.label.partition("/")[0])]
    folders = sorted({repr(row.label.partition("/")[0]) for row in inside})
    for row in inside:
        row.label = ""
    what = f"examples lie in a folder {' or '.join(folders)} and have no label by its name"
    remedy = "rename the folder if it is a class"
    remarks.note("guessed", [row.key for row in inside], what, remedy)


def name_splits(batch: RawBatch) -> None:
    """Rename the splits of a batch to train, validation and test.

    Raises
    ------
    InputError
        If a name means no split.
    """
    count_of = Counter(example.split for example in batch.examples)
    word_of = {split: _word(split) for split in count_of}
    split_of = {spelling: _SPLIT_OF.get(word) for spelling, word in word_of.items()}
    is_test = {spelling for spelling, split in split_of.items() if split == "test"}
    is_either = {spelling for spelling, word in word_of.items() if word in _EITHER}
    if is_test - is_either:
        split_of |= dict.fromkeys(is_either, "validation")
    for example in batch.examples:
        split = split_of[example.split]
        if split is None:
            allowed = f"it must be one of {', '.join(SPLITS)}, or empty"
            raise InputError(f"{example.place}: split is {example.split!r}; {allowed}")
        example.split = split
    others = sorted(count_of.keys() - {"", *SPLITS})
    read_as = [f"{spelling!r} as {split_of[spelling] or 'none'}" for spelling in others]
    what = "examples name their split in another spelling"
    batch.remarks.add("guessed", sum(map(count_of.__getitem__, others)), what, first_of(read_as))


def name_classes(batch: RawBatch) -> None:
    """Bring the labels of a batch to one Unicode form. Remark on classes that may be the same."""
    labels = [example.label for example in batch.examples]
    rows = [*batch.annotations, *batch.truth]
    labels += [row[-1] for row in rows]
    name_of = {label: class_names.normal(label) for label in set(labels)}
    changed = [label for label in labels if name_of[label] != label]
    for example in batch.examples:
        example.label = name_of[example.label]
    batch.annotations = [(*row[:-1], name_of[row[-1]]) for row in batch.annotations]
    batch.truth = [(*row[:-1], name_of[row[-1]]) for row in batch.truth]
    what = "labels lose blanks at their ends or have another Unicode form"
    batch.remarks.add("merged", len(changed), what, ascii(min(changed, default="")))
    counts = Counter(name_of[label] for label in labels)
    alike = class_names.look_alikes(counts)
    if alike:
        first = " and ".join(f"{name!r} ({counts[name]})" for name in alike[0])
        what = "classes differ by letter case, blanks or spelling alone and might be one class"
        remedy = "give them one name if so"
        batch.remarks.add("doubtful", sum(map(len, alike)), what, first, remedy)


def name_people(batch: RawBatch) -> None:
    """Bring the names of a batch's annotators to one Unicode form, as labels."""
    people = [person for _, person, _ in batch.annotations]
    changed = [person for person in people if class_names.normal(person) != person]
    batch.annotations = [
        (key, class_names.normal(person), label) for key, person, label in batch.annotations
    ]
    what = "labels are by people whose names have another Unicode form"
    batch.remarks.add("merged", len(changed), what, ascii(min(changed, default="")))


def remark_on_joined(batch: RawBatch) -> None:
    """Add a remark on labels such as `cat;dog`, if `cat` and `dog` are in other labels too."""
    labels = batch.labels()
    known = set(labels)
    parts_of = {label: {part.strip() for part in _JOINT.split(label)} for label in known}
    several = {label for label, parts in parts_of.items() if len(parts) >= _SEVERAL}
    n_labels_of = Counter(part for parts in parts_of.values() for part in parts if part)
    remedy = "an example has one label: choose it if so meant"
    joined = {label for label in several if parts_of[label] <= known}
    what = "labels hold several other labels, and are read as one"
    batch.remarks.note("doubtful", [repr(name) for name in labels if name in joined], what, remedy)
    others = several - joined
    if others and guess(without_gaps(pa.array(sorted(known))).drop_null())[0] == "number":
        return  # 1,5 is a number with a decimal comma
    sharing = {name for name in others if min(map(n_labels_of.__getitem__, parts_of[name])) > 1}
    what = "labels hold several parts that other labels hold too, and are read as one"
    batch.remarks.note("doubtful", [repr(name) for name in labels if name in sharing], what, remedy)
