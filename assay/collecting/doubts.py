"""What looks wrong in a batch that can be read. It is said to a person, and nothing is changed."""

from collections import Counter
from itertools import pairwise

from assay.layouts.raw_batch import RawBatch

_MANY_CLASSES = 20  # below so many, no number of classes is suspicious
_LABELS_OF_A_CLASS = 3  # with fewer labels than that a class, the labels may be no classes
_SORTED = 20  # rows from which on an order by class is no chance


def remark(raw: RawBatch) -> None:
    """Add a remark to a batch for each thing that looks wrong."""
    given = [example.label for example in raw.examples if example.label]
    counts = Counter([*given, *(label for *_, label in raw.annotations)])
    if not counts:
        remedy = "label some examples before you run the pipeline"
        raw.remarks.add("doubtful", len(raw.examples), "examples have no label at all", "", remedy)
        return
    if len(counts) == 1:
        (label,) = counts
        remedy = "a classifier needs two classes"
        raw.remarks.add("doubtful", counts.total(), f"labels are all {label!r}", "", remedy)
    if len(counts) > max(_MANY_CLASSES, counts.total() / _LABELS_OF_A_CLASS):
        what = f"classes for {counts.total()} labels"
        remedy = "is this column the label?"
        raw.remarks.add("doubtful", len(counts), what, repr(min(counts)), remedy)
    else:
        single = sorted(label for label, count in counts.items() if count == 1)
        what = "classes have one label only"
        example = repr(single[0]) if single else ""
        remedy = "clean stops at a class with fewer than clean.smallest_class labels"
        raw.remarks.add("doubtful", len(single), what, example, remedy)
    if raw.numbered and _is_sorted_by_class(given):
        what = "rows are sorted by class"
        remedy = "take out a column that counts them, since it gives the label away"
        raw.remarks.add("doubtful", len(given), what, "", remedy)


def _is_sorted_by_class(labels: list[str]) -> bool:
    """Whether each class is one run of rows, in a batch that is long enough to tell."""
    n_classes = len(set(labels))
    changes = sum(before != after for before, after in pairwise(labels))
    return len(labels) >= _SORTED and 1 < n_classes <= len(labels) / 2 and changes == n_classes - 1
