"""Why a table that seems to list the files of a folder does not say their classes."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pyarrow as pa

from assay.contract import column_names, table_files
from assay.contract.errors import InputError, counted, first_of
from assay.contract.paths import ANNOTATIONS_FILE
from assay.contract.remarks import Remarks
from assay.layouts import file_lists
from assay.layouts.file_names import FileNames

_MOSTLY = 0.5  # of the rows of a table that name files, so that it seems to list them


def reason(folder: Path, names: set[str], media: set[str], largest_file: int) -> str:
    """What is wrong with the first such table, and what to do; "" where there is none.

    Parameters
    ----------
    names : of all files, relative to the folder
    media : those of them that are images or sounds
    largest_file : MB that a table may unpack to
    """
    tables = sorted(filter(table_files.suffix, names))
    for name in (name for name in tables if not file_lists.is_form(name)):
        path = folder / name
        try:
            table, _ = table_files.read(path, largest_file, Remarks())
            table = column_names.with_tidy_names(table, path, Remarks())
        except InputError:
            continue
        root = name.removesuffix(PurePosixPath(name).name)
        wrong = next(_reasons(table, FileNames(root, names, media)), "")
        if wrong:
            return f"{name} {wrong}"
    return ""


def _reasons(table: pa.Table, files: FileNames) -> Iterator[str]:
    many = _MOSTLY * len(table)
    for column, (n_files, n_rows) in file_lists.counts_of_files(table, files).items():
        cells = Counter(map(str, table[column].to_pylist()))
        vague = [cell for cell in cells if files.is_vague(cell)]
        padded = [cell for cell in cells if cell not in vague and _without_zeros(cell, files)]
        names_files = f"names files in its column {column!r}"
        if n_rows > many >= n_files:
            ((cell, count),) = cells.most_common(1)
            several = f"but {cell!r} in {count} rows: keep one row for each file"
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


def _without_zeros(cell: str, files: FileNames) -> str:
    """The file that a number would name if it had leading zeros; "" if there is none."""
    return files.by_number.get(cell.lstrip("0"), "") if cell.isdigit() else ""
