"""A summary of what Assay read in a batch, for people and programs."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from assay.contract import paths
from assay.contract.errors import counted
from assay.layouts.raw_batch import RawBatch

_NAMED = 3  # classes that a line names


def facts(raw: RawBatch, splits: Sequence[str]) -> dict[str, Any]:
    """The facts about a batch, with all exact copies; see `of_counted` for facts without them.

    It also has `unlabelled`: the number of examples without a label.

    Parameters
    ----------
    splits : (n,) of each example of `raw`, as given or chosen; "" if it is not known yet
    """
    keys = {example.key for example in raw.examples}
    labelled = {example.key for example in raw.examples if example.label}
    labelled |= {key for key, *_ in raw.annotations}
    of_rows = of_counted(raw, splits, keys, Counter(raw.labels()), len(raw.truth))
    return of_rows | {"unlabelled": len(keys - labelled)}


def of_counted(
    raw: RawBatch,
    splits: Sequence[str],
    counted_keys: Collection[str],
    by_class: Counter[str],
    known_answers: int,
) -> dict[str, Any]:
    """The facts about a batch. The caller decides which examples and labels count.

    Parameters
    ----------
    splits : of each example that counts
    counted_keys : the keys of examples whose labels count, including copies
    by_class : the number of labels that count, by class
    known_answers : the number of examples that count and have a known answer
    """
    of_split = Counter(splits)
    return {
        "layout": raw.layout,
        "modality": raw.modality,
        "examples": len(splits),
        "splits": {split: of_split[split] for split in paths.SPLITS if of_split[split]},
        "labels_by_class": dict(sorted(by_class.items())),
        "labels_by_person": _by_person(raw, counted_keys),
        "known_answers": known_answers,
        "slices": sorted(raw.slices()),
        "remarks": raw.remarks.as_dicts(),
    }


def _by_person(raw: RawBatch, keys: Collection[str]) -> dict[str, int]:
    """The number of labels that each person gave to the examples with these keys."""
    given = sum(bool(example.label) for example in raw.examples if example.key in keys)
    people = Counter({paths.GIVEN: given})
    # if a person labels an example several times, only the last label counts, see `votes`
    labelled = {(key, person) for key, person, _ in raw.annotations if key in keys}
    people.update(person for _, person in labelled)
    return dict(sorted((+people).items()))


def line(facts: dict[str, Any], unlabelled: int = 0) -> str:
    """The facts in one line, with the number of examples without a label, if there are any."""
    classes = facts["labels_by_class"]
    names = ", ".join(list(classes)[:_NAMED]) + (", …" if len(classes) > _NAMED else "")
    of_classes = f"{counted(len(classes), 'class')} ({names})" if classes else "no labels"
    splits = ", ".join(f"{count} {split}" for split, count in facts["splits"].items())
    examples = counted(facts["examples"], f"{facts['modality']} example")
    if classes and unlabelled:
        examples += f" ({unlabelled} without a label)"
    return f"{examples}, {of_classes}; {splits}"
