"""Messages about files of arrays, such as .npy: Assay does not read them beside other files."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract.errors import InputError, first_of
from assay.layouts import table_keys
from assay.layouts.raw_batch import RawBatch
from assay.layouts.table import LAYOUT
from assay.modalities import column_roles
from assay.modalities.columns_as_written import guess, without_gaps

ENDINGS = (".npy", ".npz", ".mat", ".h5", ".hdf5", ".pkl", ".pickle", ".pt")
_ROWS = "write the rows to examples.parquet, with a column for each number"
REMEDY = f"{_ROWS}, or each picture to a file in a folder for its class"
_FEW = 5  # rows; in fewer, cells may all differ by chance
_GAPS = 2  # row numbers may have gaps: all must be below so many times the number of rows


def beside_table(folder: Path, batch: RawBatch, unused: Iterable[str]) -> str:
    """Why arrays beside a table are not used, and what to do; "" if there are none.

    Raises
    ------
    InputError
        If all columns of the table only name or count its rows: then the arrays are the data.
    """
    arrays = sorted(name for name in unused if PurePosixPath(name).suffix.lower() in ENDINGS)
    if not arrays or batch.layout != LAYOUT:
        return ""
    not_read = f"arrays are not read beside a table, as {first_of(arrays)}"
    if isinstance(batch.payload, pa.Table) and _says_nothing(batch.payload):
        nothing = "the table holds nothing to learn from"
        remedy = f"{_ROWS}, and their labels in a column 'label'"
        raise InputError(f"{folder}: {not_read}, and {nothing}: {remedy}")
    return f"{not_read}: if they are the data, {_ROWS}"


def _says_nothing(table: pa.Table) -> bool:
    """Whether all columns only name or count the rows."""
    columns = zip(table.column_names, table.columns, strict=True)
    return all(column_roles.may_be_ids(*named) or _names_rows(named[1]) for named in columns)


def _names_rows(column: pa.ChunkedArray) -> bool:
    """Whether all cells differ, and are words or may be row numbers in any order."""
    n_rows = len(column)
    if n_rows < _FEW or not table_keys.may_be_names(column):
        return False
    try:
        numbers = pc.cast(column, pa.int64())
    except pa.ArrowInvalid:
        values = without_gaps(column.combine_chunks()).drop_null()
        return guess(values)[0] == "category"
    return pc.min(numbers).as_py() in (0, 1) and pc.max(numbers).as_py() < _GAPS * n_rows
