"""Files beside the examples of a raw folder, with labels for them: annotations.csv, truth.csv."""

from collections.abc import Collection, Sequence
from pathlib import Path

from assay.contract.csv_files import key_column, name_rows, read_foreign
from assay.contract.errors import InputError, first_of
from assay.contract.remarks import Remarks
from assay.layouts.rows import as_labels

_KEYS = ("key", "file_name")  # the columns that may name an example, in this order


def read(
    path: Path,
    keys: Collection[str],
    remarks: Remarks,
    columns: Sequence[str] = (),
    *,
    unique: bool = False,
) -> list[tuple[str, ...]]:
    """Read (key, *columns, label) of each row that has a label.

    Parameters
    ----------
    keys : of the examples of the batch
    columns : names of columns beside key and label
    unique : whether an example may have one row only

    Raises
    ------
    InputError
        If a row names no example of the batch, or one that may not have another row.
    """
    table = read_foreign(path, [*columns, "label"], remarks)
    row_keys = table[key_column(path, table, _KEYS)].to_pylist()
    places, seen = name_rows(path, table), set()
    for place, key in zip(places, row_keys, strict=True):
        if key not in keys:
            remedy = "mend it or take the row out"
            raise InputError(f"{place}: {key!r} is no example of this batch: {remedy}")
        if unique and key in seen:
            remedy = "take one of the rows out"
            raise InputError(f"{place}: the truth of {key!r} is there already: {remedy}")
        seen.add(key)
    cells = [[cell.strip() for cell in table[name].to_pylist()] for name in columns]
    nameless = [place for place, *row in zip(places, *cells, strict=True) if "" in row]
    remarks.add("doubtful", len(nameless), "rows name no annotator", first_of(nameless, 1))
    rows = zip(row_keys, *cells, as_labels(table["label"], places), strict=True)
    return [row for row in rows if row[-1]]
