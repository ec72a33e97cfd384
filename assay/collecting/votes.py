"""The labels of a batch as votes (one per person and example), and the known answers."""

from assay.contract import paths
from assay.contract.errors import InputError
from assay.layouts.raw_batch import RawBatch


def votes(raw: RawBatch, id_of: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every label as a vote (id, annotator, label), sorted.

    The annotator of the batch's own labels is `given`. It may have several votes for one example,
    if exact copies have different labels. Any other annotator has one vote for an example: the last
    label in annotations.csv. There is a remark on earlier labels.

    Parameters
    ----------
    id_of : id by key of the examples that count
    """
    given = [
        (id_of[example.key], paths.GIVEN, example.label)
        for example in raw.examples
        if example.label and example.key in id_of
    ]
    label_of: dict[tuple[str, str], str] = {}  # by id and annotator
    repeated = []
    for key, annotator, label in raw.annotations:
        if key not in id_of:
            continue
        vote = (id_of[key], annotator)
        if vote in label_of:
            repeated.append(f"{key!r} by {annotator!r}")
        label_of[vote] = label
    replace = "labels replace an earlier one by the same person for the same example"
    raw.remarks.note("merged", repeated, replace)
    return sorted(given + [(*vote, label) for vote, label in label_of.items()])


def truth(raw: RawBatch, ids: list[str]) -> list[tuple[str, str]]:
    """The known answers (id, label), sorted.

    Raises
    ------
    InputError
        If exact copies have different answers.
    """
    pairs = zip(raw.examples, ids, strict=True)
    row_of = {example.key: (id_, example.place) for example, id_ in pairs}
    label_of: dict[str, str] = {}  # by id
    for key, label in raw.truth:
        id_, place = row_of[key]
        known = label_of.setdefault(id_, label)
        if known != label:
            differ = f"{key!r} is {label!r}, but an exact copy of it is {known!r}"
            raise InputError(f"{place}: by {paths.TRUTH_FILE} {differ}: correct one of them")
    return sorted(label_of.items())
