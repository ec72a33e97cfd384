"""What Assay understood of a batch, as facts for people and programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from assay.contract import paths
from assay.contract.errors import counted
from assay.layouts.raw_batch import RawBatch

_NAMED = 3  # classes that a line names


def facts(raw: RawBatch, splits: Sequence[str]) -> dict[str, Any]:
    """What a batch holds.

    Parameters
    ----------
    splits : (n,) of each example of `raw`, as given or as chosen; "" where it is not known yet
    """
    people = Counter({paths.GIVEN: sum(bool(example.label) for example in raw.examples)})
    # of several labels by one person for one example only the last counts, see `votes`
    people.update(person for _, person in {(key, person) for key, person, _ in raw.annotations})
    slices = {name for example in raw.examples for name in example.slices}
    of_split = Counter(splits)
    return {
        "layout": raw.layout,
        "modality": raw.modality,
        "examples": len(raw.examples),
        "splits": {split: of_split[split] for split in paths.SPLITS if of_split[split]},
        "labels_by_class": dict(sorted(raw.labels_by_class().items())),
        "labels_by_person": dict(sorted((+people).items())),
        "known_answers": len(raw.truth),
        "slices": sorted(slices),
        "remarks": raw.remarks.as_dicts(),
    }


def line(facts: dict[str, Any]) -> str:
    """The facts in one line."""
    classes = facts["labels_by_class"]
    names = ", ".join(list(classes)[:_NAMED]) + (", …" if len(classes) > _NAMED else "")
    of_classes = f"{counted(len(classes), 'class')} ({names})" if classes else "no labels"
    splits = ", ".join(f"{count} {split}" for split, count in facts["splits"].items())
    examples = counted(facts["examples"], f"{facts['modality']} example")
    return f"{examples}, {of_classes}; {splits}"
