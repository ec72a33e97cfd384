"""What later stages need of a batch that stands alone: test examples, and two classes to learn."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from assay.contract.remarks import Remarks
from assay.layouts.raw_batch import RawBatch

Vote = tuple[str, str, str]  # id, annotator, label


def lacking(
    raw: RawBatch,
    votes: Sequence[Vote],
    ids: Sequence[str],
    splits: Sequence[str],
    smallest: int,
    *,
    by_content: bool,
) -> Remarks:
    """Remarks on what makes `clean` or `train` stop, unless another batch is listed later.

    `doubts` already remarks on classes with only one label, and on batches whose own splits have
    no test examples.

    Parameters
    ----------
    votes : of all examples of `raw`, from `collecting.votes`
    ids : (n,) of each example of `raw`, the same for exact copies
    splits : (n,) of each example of `raw`; "" counts as train
    smallest : the value of `clean.smallest_class`
    by_content : whether the splits follow from the ids
    """
    remarks = Remarks()
    labels_of: dict[str, set[str]] = defaultdict(set)  # the different labels by id
    for id_, _, label in votes:
        labels_of[id_].add(label)
    test = {id_ for id_, split in zip(ids, splits, strict=True) if split == "test"}
    if by_content:
        known = {key for key, _ in raw.truth}
        answered = {id_ for id_, row in zip(ids, raw.examples, strict=True) if row.key in known}
        answered |= labels_of.keys()
        if not answered & test:
            what = "examples have a label, and none of them is in the test split"
            remedy = "train stops: add examples, give a column `split`, or raise collect.test"
            remarks.add("doubtful", len(answered), what, "", remedy)
    learned = [labels for id_, labels in labels_of.items() if id_ not in test]
    counts = Counter(label for labels in learned for label in labels)
    n_of_class = Counter(raw.labels())
    if len(counts) == 1 < len(n_of_class):
        (label,) = counts
        remedy = "a classifier needs two classes: add examples, or give a column `split`"
        what = f"labels lie outside the test split, all of {label!r}"
        remarks.add("doubtful", counts.total(), what, "", remedy)
    # If people disagree about an example, it may end in another class.
    sure = {label for labels in learned if len(labels) == 1 for label in labels}
    small = sorted(label for label in sure if counts[label] < smallest)
    if any(n_of_class[label] > 1 for label in small):
        what = f"classes have fewer than {smallest} examples to learn from"
        remedy = "clean stops: add more, mend the labels, or lower clean.smallest_class"
        remarks.note("doubtful", list(map(repr, small)), what, remedy)
    return remarks
