"""What Assay understood of a batch, as facts for people and programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from assay.contract import paths
from assay.layouts.raw_batch import RawBatch

_NAMED = 3  # classes that a line names


def facts(raw: RawBatch, splits: Sequence[str], n_kept: int) -> dict[str, Any]:
    """What a batch holds.

    Parameters
    ----------
    splits : (n,) of each example of `raw`
    n_kept : examples that are left once exact copies are merged
    """
    people = Counter(person for _, person, _ in raw.annotations)
    labels = [example.label for example in raw.examples if example.label]
    people[paths.GIVEN] += len(labels)
    classes = Counter([*labels, *(label for *_, label in raw.annotations)])
    slices = {name for example in raw.examples for name in example.slices}
    return {
        "layout": raw.layout,
        "modality": raw.modality,
        "examples": len(raw.examples),
        "different_examples": n_kept,
        "splits": {split: count for split in paths.SPLITS if (count := splits.count(split))},
        "labels_by_class": dict(sorted(classes.items())),
        "labels_by_person": dict(sorted((+people).items())),
        "slices": sorted(slices),
        "remarks": raw.remarks.as_dicts(),
    }


def line(found: dict[str, Any]) -> str:
    """The facts in one line."""
    classes = found["labels_by_class"]
    names = ", ".join(list(classes)[:_NAMED]) + (", …" if len(classes) > _NAMED else "")
    of_classes = f"{len(classes)} classes ({names})" if classes else "no labels"
    splits = ", ".join(f"{count} {split}" for split, count in found["splits"].items())
    return f"{found['examples']} {found['modality']} examples, {of_classes}; {splits}"
