"""Explain why a table that seems to list files is not used as a list."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path, PurePosixPath

import pyarrow as pa

from assay.contract import column_names, table_files
from assay.contract.arrow_types import is_text
from assay.contract.column_names import FILE_NAME
from assay.contract.errors import InputError, counted, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import file_lists
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.raw_files import RawFiles
from assay.modalities import registry

_LOOKED_AT = 100  # tables that are read at most; there may be one for each picture
_CELLS = 100  # cells of a column that are read to see whether it names pictures or sounds
_NO_FEATURES = set(column_names.RESERVED) - {FILE_NAME}


def reason(raw: RawFiles, media: set[str], unused: set[str] | None = None) -> str:
    """What is wrong with the first table that seems to be a list, and what to do; "" without any.

    If there is none, but a table cannot be read, the result says why it cannot be read.

    Parameters
    ----------
    media : the images or sounds that are examples, or may be
    unused : if folders are the classes, the files that are not used; the table is one of them. By
        default it is one of all files. Beside folders of classes, names without an ending name
        files only if all of them differ, and numbers only if the table also has a column of labels
    """
    cannot_be_read = ""
    files_below = cache(lambda root: FileNames(root, raw.names, media))
    tables = sorted(filter(table_files.suffix, raw.names if unused is None else unused))
    lists = (name for name in tables if name != TRUTH_FILE and not file_lists.is_form(name))
    for name in islice(lists, _LOOKED_AT):
        try:
            table = file_lists.read(raw, name).table
        except (InputError, OSError) as error:
            cannot_be_read = cannot_be_read or str(error).removeprefix(f"{raw.folder}/")
            continue
        if PurePosixPath(name).name.partition(".")[0].casefold() == PurePosixPath(TRUTH_FILE).stem:
            return f"{name} is not read: call it {TRUTH_FILE}, as CSV, if it holds known answers"
        table = column_names.with_label(table, [], Remarks())
        files = files_below(name.removesuffix(PurePosixPath(name).name))
        wrong = next(_reasons(table, files, beside_classes=unused is not None), "")
        if wrong:
            return f"{name} {wrong}"
    return cannot_be_read


def judge_names(path: Path, table: pa.Table, raw: RawFiles) -> None:
    """Remark on columns of a table of features that name pictures or sounds.

    Parameters
    ----------
    path : of the table
    raw : all files of its folder

    Raises
    ------
    InputError
        If the table holds only labels and such names, and the files are the examples: most of them
        exist, or the column is `file_name`, or it is the only column and its cells differ.
    """
    columns = [name for name in table.column_names if name not in _NO_FEATURES]
    of_files = [name for name in columns if name == FILE_NAME or _names_media(table[name])]
    if columns and columns == of_files:
        files = FileNames("", raw.names, raw.media)
        _refuse_list_alone(path, table.select(columns), files)
    listed = [repr(name) for name in of_files if name != FILE_NAME]
    what = "columns name pictures or sounds, which are not read"
    remedy = "call the table metadata.csv if they are the examples"
    raw.remarks.note("doubtful", listed, what, remedy)


def _refuse_list_alone(path: Path, table: pa.Table, files: FileNames) -> None:
    """Raise if one of the columns of names lists the examples. Other columns may be categories."""
    names_of = {name: _without_gaps(table[name]) for name in table.column_names}
    listing = [name for name, cells in names_of.items() if _is_list(name, cells, files, table)]
    if not listing:
        return
    called = FILE_NAME if FILE_NAME in listing else listing[0]
    is_one = called == FILE_NAME or len(listing) == 1
    columns = f"column {called!r}" if is_one else f"columns {' and '.join(map(repr, listing))}"
    wrong = f"{path} holds nothing but labels and names of files, in its {columns}"
    cells = list(dict.fromkeys(names_of[called]))
    others = [cell for cell in cells if not registry.modality_of_file(files.find(cell) or cell)]
    if len(others) > MOST * len(cells):
        if reason := registry.unreadable(others[0]):
            raise InputError(f"{wrong}: {reason}")
        of_media = "names of pictures and sounds have an ending, and belong into metadata.csv"
        raise InputError(f"{wrong}, as {others[0]!r}: put texts into a column `text`; {of_media}")
    remedy = "call it metadata.csv, so that these are the examples"
    if not is_one:
        remedy = f"leave one of these columns, and {remedy}"
    missing = [cell for cell in cells if not files.find(cell)]
    if missing:
        of_all = f"{len(missing):,} of {counted(len(cells), 'name')}"
        are = "is" if len(missing) == 1 else "are"
        wrong = f"{wrong}: {of_all} {are} of no file there, as {_other_ending(missing[0], files)}"
        remedy = f"mend the names, and {remedy}"
    raise InputError(f"{wrong}: {remedy}")


def _is_list(name: str, cells: list[str], files: FileNames, table: pa.Table) -> bool:
    """Whether a column lists examples: `file_name`, names of existing files, or one name per row.

    A few matches prove nothing: a category may have the name of a file, and a text its ending.
    """
    if name == FILE_NAME or not cells:
        return bool(cells)
    different = set(cells)
    n_files = sum(bool(files.find(cell)) for cell in different)
    has_blanks = any(" " in cell for cell in different)
    is_one_a_row = table.num_columns == 1 and len(different) == len(cells) and not has_blanks
    return n_files > MOST * len(cells) or is_one_a_row


def _without_gaps(column: pa.ChunkedArray) -> list[str]:
    """The cells of a column as text, without gaps and empty cells."""
    return [cell for cell in map(str, column.drop_null().to_pylist()) if cell.strip()]


def _names_media(column: pa.ChunkedArray) -> bool:
    """Whether more than half of the first cells have the ending of a picture or sound."""
    if not is_text(column.type):
        return False
    cells = column.slice(0, _CELLS).to_pylist()
    with_dot = [cell for cell in cells if cell and "." in cell]
    n_names = sum(bool(registry.modality_of_file(cell)) for cell in with_dot)
    return n_names > MOST * len(cells)


def _reasons(table: pa.Table, files: FileNames, *, beside_classes: bool) -> Iterator[str]:
    """What is wrong with each column that seems to name files."""
    many = MOST * len(table)
    for column, (n_files, n_rows) in file_lists.counts_of_files(table, files).items():
        different, rows_of = file_lists.different_cells(table[column])
        cells = dict(zip(different.to_pylist(), rows_of.to_pylist(), strict=True))
        has_names = "label" in table.column_names or not all(map(str.isdecimal, cells))
        may_name = has_names and len(cells) == len(table)
        if beside_classes and not may_name and not any("." in cell for cell in cells):
            continue  # ages or grades, for instance
        may_be = files.may_find(different)
        vague = [cell for cell in different.filter(may_be).to_pylist() if files.is_vague(cell)]
        padded = [cell for cell in cells if cell not in vague and _without_zeros(cell, files)]
        of_media = [cell for cell in cells if "." in cell and registry.modality_of_file(cell)]
        names_files = f"names files in its column {column!r}"
        if n_rows > many >= n_files:
            cell = max(cells, key=cells.__getitem__)
            several = f"but {cell!r} in {cells[cell]} rows: keep one row for each file"
            yield f"{names_files}, {several}, or call it {ANNOTATIONS_FILE} if people labelled them"
        elif n_rows > many and "annotator" in table.column_names:
            yield f"{names_files}, and people who labelled them: call it {ANNOTATIONS_FILE}"
        elif n_rows > many and "label" not in table.column_names:
            yield f"{names_files}, but has no column 'label': name the one with the classes so"
        elif n_rows > many:
            few = f"but only {n_files} of {counted(len(files.media), 'file')}: list the others too"
            yield f"{names_files}, {few}"
        elif sum(map(cells.__getitem__, vague)) > many:
            meant = first_of(files.namesakes(vague[0]))
            full = "write names with folder and ending"
            yield f"{names_files}, but {vague[0]!r} may mean {meant}: {full}"
        elif sum(map(cells.__getitem__, padded)) > many:
            file = _without_zeros(padded[0], files)
            yield f"has {padded[0]!r} in its column {column!r}, and no file but {file}: write that"
        elif sum(map(cells.__getitem__, of_media)) > many:
            missing = [cell for cell in of_media if not files.find(cell)]
            few = f"{len(missing)} of {counted(len(of_media), 'file')} lie elsewhere, or nowhere"
            yield f"{names_files}, but {few}, as {_other_ending(missing[0], files)}: mend the names"


def _without_zeros(cell: str, files: FileNames) -> str:
    """The file that a number would name if it had leading zeros; "" if there is none."""
    return files.by_number.get(cell.lstrip("0"), "") if cell.isdigit() else ""


def _other_ending(cell: str, files: FileNames) -> str:
    """A name that no file has, and the file with this name and another ending, if there is one."""
    file = files.find(str(PurePosixPath(cell).with_suffix("")))
    return f"{cell!r} ({file} is)" if file else repr(cell)
