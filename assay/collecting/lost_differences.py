"""Files that differ, and become the same example once they are decoded."""

from collections.abc import Sequence

from assay.layouts.raw_batch import RawBatch

_FEW = 0.05  # share of a batch that may: the same picture saved twice, for instance


def remark(raw: RawBatch, ids: Sequence[str]) -> None:
    """Add a remark if that happens to more than a few examples of a batch.

    Parameters
    ----------
    ids : (n,) of each example of `raw`
    """
    rows: dict[str, int] = {}  # the first one by id
    copies = [(row, rows[id_]) for row, id_ in enumerate(ids) if rows.setdefault(id_, row) != row]
    few = _FEW * len(ids)
    if len(copies) <= few or not isinstance(raw.payload[0], bytes):
        return
    lost = [(row, first) for row, first in copies if raw.payload[row] != raw.payload[first]]
    if len(lost) > few:
        same = " and ".join(raw.examples[row].key for row in lost[0])
        what = (
            f"of {len(ids)} examples become equal to another one once decoded, though files differ"
        )
        remedy = (
            "see whether what tells them apart is lost: collect.resize, channels, depth, seconds"
        )
        raw.remarks.add("doubtful", len(lost), what, same, remedy)
