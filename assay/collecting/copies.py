"""Remarks on exact copies within a batch, of which only one is kept."""

from collections.abc import Sequence

from assay.layouts.raw_batch import RawBatch

_FEW = 0.05  # this share of files may become equal, for example a picture that was saved twice


def remark(raw: RawBatch, ids: Sequence[str], is_counted: Sequence[bool]) -> None:
    """Add a remark for copies that become one example, and one for those that do not count.

    Parameters
    ----------
    ids : (n,) of each example of `raw`
    is_counted : (n,) whether the example is in the split that counts for all its copies
    """
    first_of_id: dict[str, str] = {}
    copies = []
    elsewhere = []
    for id_, counts, example in zip(ids, is_counted, raw.examples, strict=True):
        if not counts:
            elsewhere.append(example.key)
        elif first_of_id.setdefault(id_, example.key) != example.key:
            copies.append(f"{example.key} of {first_of_id[id_]}")
    what = "examples are exactly equal to another one; their labels are kept as votes"
    raw.remarks.note("merged", copies, what)
    what = "examples are exactly equal to one in the test or validation split"
    raw.remarks.note("left out", elsewhere, what)


def remark_on_lost_differences(raw: RawBatch, ids: Sequence[str]) -> None:
    """Add a remark if more than a few different files become equal when they are decoded.

    Parameters
    ----------
    ids : (n,) of each example of `raw`
    """
    few = _FEW * len(ids)
    if len(ids) - len(set(ids)) <= few or not isinstance(raw.payload[0], bytes):
        return
    first_of_id: dict[str, int] = {}
    lost = []
    for row, id_ in enumerate(ids):
        first = first_of_id.setdefault(id_, row)
        if row != first and raw.payload[row] != raw.payload[first]:
            lost.append(f"{raw.examples[row].key} and {raw.examples[first].key}")
    if len(lost) > few:
        once = "become equal to another one once decoded, though files differ"
        what = f"of {len(ids)} examples {once}"
        settings = "collect.resize, channels, depth, seconds"
        remedy = f"see whether what tells them apart is lost: {settings}"
        raw.remarks.note("doubtful", lost, what, remedy)
