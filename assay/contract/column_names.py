"""Names of columns as people write them: blanks, letter case, and other words for `label`."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.arrow_types import is_text
from assay.contract.errors import InputError, first_of
from assay.contract.remarks import Remarks

FILE_NAME = "file_name"  # of lists of files, as `datasets` calls it
KEYS = ("key", FILE_NAME)  # columns that may name an example, in this order
RESERVED = ("label", "split", *KEYS)
_LABELS = ("labels", "class", "category", "target")  # other names of `label`, likeliest first
_PEOPLE = "annotator_id annotators annotated_by labeler labeller worker worker_id workerid rater"
IN_ANSWERS = {  # other names of columns in a file of people's labels
    "label": (*_LABELS, "annotation", "answer", "choice", "rating"),
    "annotator": (*_PEOPLE.split(), "rater_id", "user", "user_id", "username", "coder", "reviewer"),
}
# columns that `export` adds to examples; they would reveal the labels
_JUDGED = ("source", "given", "suggested", "quality", "confidence", "decision", "reason")
OF_EXPORT = tuple(f"assay_{name}" for name in (*_JUDGED, "embedding"))
_FEWEST = 2  # so many of these columns make an export; a single one may be the user's own


def with_tidy_names(
    table: pa.Table, place: object, remarks: Remarks, reserved: Sequence[str] = ()
) -> pa.Table:
    """The table without blanks around its column names, and with reserved names in lower case.

    Parameters
    ----------
    place : the file, for messages
    reserved : more names that are written in lower case

    Raises
    ------
    InputError
        If two different names differ only by blanks.
    """
    names = table.column_names
    stripped = [name.strip(" \t\ufeff\xa0") for name in names]
    wanted = {*RESERVED, *reserved}
    for index, (name, column) in enumerate(zip(stripped, table.columns, strict=True)):
        small = name.lower()
        is_reserved = small in wanted or (small == "text" and is_text(column.type))
        if is_reserved and small not in stripped and _may_be(small, column):
            stripped[index] = small
    pairs = zip(names, stripped, strict=True)
    changed = [f"{old!r} as {new!r}" for old, new in pairs if old != new]
    if len(set(stripped)) < len(stripped) and len(set(names)) == len(names):
        repeated = next(name for name in stripped if stripped.count(name) > 1)
        raise InputError(f"{place} has two columns {repeated!r}, but for blanks: rename one")
    remarks.add("converted", len(changed), "column names are read plainly", first_of(changed))
    return table.rename_columns(stripped) if changed else table


def _may_be(reserved: str, column: pa.ChunkedArray) -> bool:
    """Whether a column can have this name: a `key` must have a different value in each row."""
    return reserved != "key" or pc.count_distinct(column).as_py() == len(column)


def without_judgements(table: pa.Table, remarks: Remarks) -> pa.Table:
    """The table without the columns that `export` adds; a single one is kept."""
    ours = [name for name in table.column_names if name in OF_EXPORT]
    if len(ours) < _FEWEST:
        return table
    what = "columns of an export of Assay are no part of an example"
    remedy = "they give the label away; rename them if they are yours"
    remarks.add("left out", len(ours), what, first_of([repr(name) for name in ours]), remedy)
    return table.drop_columns(ours)


def with_label(table: pa.Table, class_columns: list[str], remarks: Remarks) -> pa.Table:
    """The table with its column of labels renamed to `label`.

    If no column has a usual name for labels, the only column of `class_columns` is taken.

    Parameters
    ----------
    class_columns : the columns that hold classes, as the file itself says
    """
    names = table.column_names
    words = ("label", *_LABELS)
    usual = [name for word in words for name in names if name.lower() == word and name != "label"]
    if "label" in names:
        chosen = None
        rivals = usual
    else:
        only_class_column = class_columns[0] if len(class_columns) == 1 else None
        chosen = usual[0] if usual else only_class_column
        rivals = usual[1:]
    remedy = "it gives the answer away: take it out if it is a label too"
    listed = first_of([repr(name) for name in rivals])
    remarks.add("doubtful", len(rivals), "columns may hold labels too", listed, remedy)
    if chosen is None:
        return table
    remedy = "name another column `label` if that is wrong"
    remarks.add("guessed", 1, "column holds the labels", repr(chosen), remedy)
    return table.rename_columns(["label" if name == chosen else name for name in names])
