"""Exact copies within a batch: one of them is kept, and a person is told of the others."""

from collections.abc import Sequence

from assay.layouts.raw_batch import RawBatch


def remark(raw: RawBatch, ids: Sequence[str], counts: Sequence[bool]) -> None:
    """Add a remark for copies that become one example, and one for those that do not count.

    Parameters
    ----------
    ids : (n,) of each example of `raw`
    counts : (n,) whether the example is in the split that its copies share
    """
    first_of_id: dict[str, str] = {}
    copies, elsewhere = [], []
    for id_, is_counted, example in zip(ids, counts, raw.examples, strict=True):
        if not is_counted:
            elsewhere.append(example.key)
        elif first_of_id.setdefault(id_, example.key) != example.key:
            copies.append(f"{example.key} of {first_of_id[id_]}")
    what = "examples are exactly equal to another one; their labels are kept as votes"
    raw.remarks.add("merged", len(copies), what, *copies[:1])
    what = "examples are exactly equal to one in the test or validation split"
    raw.remarks.add("left out", len(elsewhere), what, *elsewhere[:1])
