"""Report on stderr where exact copies in several batches disagree, and what counts."""

import pandas as pd

from assay.contract.errors import counted, say


def tell_of_examples(arrived: pd.DataFrame, examples: pd.DataFrame) -> None:
    """Say how many examples are no longer in the split of their first batch.

    Parameters
    ----------
    arrived : `batch`, `id`, `key`, `split` of the examples of all batches, in the order of arrival
    examples : the catalogue, in which each `id` has the split that counts
    """
    first = arrived.drop_duplicates("id")
    now = first["id"].map(examples.set_index("id")["split"])
    moved = first.assign(now=now)[first["split"] != now]
    if len(moved):
        one = moved.iloc[0]
        what = "moved to the split of an exact copy in a later batch"
        example = f"{one['batch']}/{one['key']} from {one['split']} to {one['now']}"
        say(f"{counted(len(moved), 'example')} {what}: {example}")


def tell_of_truth(answers: pd.DataFrame, label_of_id: pd.Series, examples: pd.DataFrame) -> None:
    """Say how many examples have a known answer in a later batch that differs from the first.

    Parameters
    ----------
    answers : `batch`, `id`, `label` of all batches, in the order of arrival
    label_of_id : the first answer of each example
    examples : the catalogue
    """
    others = answers.assign(first=answers["id"].map(label_of_id))
    others = others[others["label"] != others["first"]].drop_duplicates("id")
    if len(others):
        one = others.iloc[0]
        what = "with another truth in a later batch, which does not count"
        place = examples.set_index("id").loc[one["id"]]
        example = f"{place['batch']}/{place['key']} is {one['first']!r}"
        differs = f"{example}, but {one['label']!r} in {one['batch']}"
        say(f"{counted(len(others), 'example')} {what}: {differs}: correct one of them")


def tell_of_labels(labels: pd.DataFrame) -> None:
    """Say how many labels do not count, since a copy of their example is in another split.

    Parameters
    ----------
    labels : `batch`, `key`, `annotator` of these labels
    """
    if len(labels):
        one = labels.iloc[0]
        what = "not counted, since an exact copy of the example is in another split"
        example = f"{one['batch']}/{one['key']} by {one['annotator']!r}"
        say(f"{counted(len(labels), 'label')} {what}: {example}")


def tell_of_replaced(labels: pd.DataFrame, examples: pd.DataFrame) -> None:
    """Say how many labels are replaced by the same person's label in a later batch.

    Parameters
    ----------
    labels : `example` (row of `examples`) and `annotator` of the replaced labels
    examples : the catalogue
    """
    if len(labels):
        first = labels.iloc[0]
        example = examples.loc[first["example"]]
        replaced = "labels are replaced by the same person's label in a later batch"
        place = f"{example['batch']}/{example['key']} by {first['annotator']!r}"
        say(f"{len(labels)} {replaced}: {place}")
