"""Read tables that list files: metadata.csv, .jsonl and .parquet of Hugging Face, and others."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names, table_files
from assay.contract.arrow_types import is_text
from assay.contract.column_names import FILE_NAME
from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import rows, unread_lists
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.names import is_split
from assay.layouts.raw_batch import Example
from assay.layouts.raw_files import RawFiles

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_FORM = "submission"  # part of the name of a table with placeholders for labels
_SHARE = 0.5  # lists beside folders of classes must name at least this share of the files


@dataclass
class FileList:
    """A table that names files of one folder.

    Attributes
    ----------
    name : of the table's file, relative to the batch
    places : the name of each row in messages
    column : the column that names the files; other columns describe the files
    wrong : why the table cannot be read; `table` then holds what could be recovered
    """

    name: str
    table: pa.Table
    places: list[str]
    column: str
    remarks: Remarks = field(default_factory=Remarks)
    wrong: str = ""


def lists_in(raw: RawFiles, files: FileNames) -> list[FileList]:
    """The lists that are directly in the folder of `files`.

    The list is a metadata file. If there is none, other tables with a column that names files are
    lists. Beside folders of classes they need a column of labels, and must name half of the files.

    Raises
    ------
    InputError
        If such a list cannot be read.
    """
    for name in METADATA:
        if f"{files.root}{name}" in files.names:
            return [_metadata(raw, f"{files.root}{name}", files)]
    lists = _other_lists(raw, files)
    for listed in lists:
        if listed.wrong:
            raise InputError(listed.wrong)
        raw.remarks += listed.remarks
        what = f"examples come from a table whose column {listed.column!r} names files"
        raw.remarks.add("guessed", len(listed.table), what, listed.name)
        if is_form(listed.name):
            what = "labels come from a table whose name says that it is to be filled in"
            remedy = "take it out if they are not true"
            raw.remarks.add("doubtful", len(listed.table), what, listed.name, remedy)
    return lists


def _other_lists(raw: RawFiles, files: FileNames) -> list[FileList]:
    """The tables with other names that are lists, see `lists_in`."""
    start = len(files.root)
    below = sorted(name for name in files.names if name.startswith(files.root))
    here = (name for name in below if "/" not in name[start:])
    tables = [name for name in here if table_files.suffix(name) and name[start:] != TRUTH_FILE]
    candidates = [_other_list(raw, name, files) for name in tables]
    lists = [listed for listed in candidates if listed]
    if not lists:
        return []
    media = [name for name in below if name in files.media]
    cells = [cell for listed in lists for cell in listed.table[FILE_NAME].to_pylist()]
    named_files = {files.find(cell) for cell in cells} - {""}
    has_classes = len({name.rpartition("/")[0] for name in media}) > 1
    if not has_classes:
        for listed in lists:
            _take_other_as_label(listed)
    labelled = [listed for listed in lists if "label" in listed.table.column_names]
    names_enough = len(named_files) >= _SHARE * len(media)
    if has_classes:  # the folders are classes, if no list names enough files
        return _without_forms(labelled, raw.remarks) if names_enough else []
    has_endings = any("." in cell for cell in cells)  # numbers may name files by chance
    if not has_endings and not names_enough:
        return []
    if labelled or not has_endings:
        lists = labelled
    if all(is_form(listed.name) for listed in lists):
        return lists
    return _without_forms(lists, raw.remarks)


def is_form(name: str) -> bool:
    """Whether a list is a form: Kaggle's sample_submission.csv has the same label in all rows."""
    return _FORM in PurePosixPath(name).name.lower()


def _without_forms(lists: list[FileList], remarks: Remarks) -> list[FileList]:
    """The lists that are no forms, with a remark on the rows of forms."""
    what = "rows hold no labels, since the name of their table says that it is to be filled in"
    remedy = "rename it if its labels are true"
    for listed in lists:
        if is_form(listed.name):
            remarks.add("ignored", len(listed.table), what, listed.name, remedy)
    return [listed for listed in lists if not is_form(listed.name)]


def _metadata(raw: RawFiles, name: str, files: FileNames) -> FileList:
    """The list in a metadata file. If it has no `file_name`, another column may name the files."""
    listed = read(raw, name)
    if FILE_NAME not in listed.table.column_names:
        column = _column_of_files(listed.table, files)
        if not column:
            has = f"it has: {', '.join(listed.table.column_names)}"
            raise InputError(f"{raw.folder / name} has no column {FILE_NAME!r}; {has}")
        _rename(listed, column)
        listed.remarks.add("guessed", 1, "column names the files", repr(column))
    listed.table = column_names.with_label(listed.table, [], listed.remarks)
    raw.remarks += listed.remarks
    return listed


def _other_list(raw: RawFiles, name: str, files: FileNames) -> FileList | None:
    """The list in a table; None if the table holds people's votes or names no files."""
    path = PurePosixPath(name)
    try:
        listed = read(raw, name)
    except InputError as error:
        table = unread_lists.made_out(raw.folder / name)
        listed = FileList(name, table, [""] * len(table), FILE_NAME, wrong=str(error))
    names = listed.table.column_names
    column = _column_of_files(listed.table, files)
    of_people = column_names.IN_ANSWERS["annotator"] if path.name == ANNOTATIONS_FILE else ()
    if not column or any(other.lower() in ("annotator", *of_people) for other in names):
        return None
    _rename(listed, column)
    listed.table = column_names.with_label(listed.table, [], listed.remarks)
    if "split" not in listed.table.column_names and is_split(path.stem):
        split = pa.array([path.stem] * len(listed.table))
        listed.table = listed.table.append_column("split", split)
    return listed


def _take_other_as_label(listed: FileList) -> None:
    """If a list without labels has only one other column, take it as the labels."""
    names = listed.table.column_names
    others = set(names) - set(column_names.RESERVED)
    if "label" not in names and len(others) == 1:
        listed.table = column_names.with_label(listed.table, list(others), listed.remarks)


def read(raw: RawFiles, name: str) -> FileList:
    """A table as a list. Its column of files may still have another name than `file_name`."""
    path = raw.folder / name
    remarks = Remarks()
    table, places = table_files.read(path, raw.largest_file, remarks)
    table = column_names.with_tidy_names(table, path, remarks)
    table = column_names.without_judgements(table, remarks)
    return FileList(name, table, places, FILE_NAME, remarks)


def _rename(listed: FileList, column: str) -> None:
    names = listed.table.column_names
    texts = pa.array(rows.as_text(listed.table[column], listed.places), pa.string())
    listed.table = listed.table.set_column(names.index(column), FILE_NAME, texts)
    listed.column = column


def _column_of_files(table: pa.Table, files: FileNames) -> str | None:
    """The column that names the most files; None if it names too few, see `MOST`."""
    counts = {name: n_files for name, (n_files, _) in counts_of_files(table, files).items()}
    best = max(counts, key=counts.__getitem__, default=None)
    return best if best and counts[best] > MOST * len(table) else None


def counts_of_files(table: pa.Table, files: FileNames) -> dict[str, tuple[int, int]]:
    """How many files each column of texts or whole numbers names, and in how many rows."""
    counts = {}
    for name in table.column_names:
        type_ = table[name].type
        if name not in ("label", "split") and (is_text(type_) or pa.types.is_integer(type_)):
            counts[name] = _count_of_files(table[name], files)
    return counts


def _count_of_files(column: pa.ChunkedArray, files: FileNames) -> tuple[int, int]:
    """How many files a column names, and in how many rows."""
    cells, rows_of = different_cells(column)
    may_be = files.may_find(cells)
    file_of = map(files.find, cells.filter(may_be).to_pylist())
    pairs = zip(file_of, rows_of.filter(may_be).to_pylist(), strict=True)
    named = [(file, n_rows) for file, n_rows in pairs if file]
    return len({file for file, _ in named}), sum(n_rows for _, n_rows in named)


def different_cells(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """The different cells without gaps, as text, and the number of rows with each."""
    cells, rows_of = pc.value_counts(column.drop_null()).flatten()
    return cells.cast(pa.string()), rows_of


def to_examples(listed: FileList, raw: RawFiles, files: FileNames) -> list[Example]:
    """The files that a list names as examples, with their labels, splits and slices.

    Raises
    ------
    InputError
        If it names a file that is missing or is in another place.
    """
    path = raw.folder / listed.name
    examples = rows.to_examples(listed.table, path, key=FILE_NAME, places=listed.places)
    loosely = []
    for example in examples:
        cell = example.key
        file = PurePosixPath(cell)
        name = files.find(cell)
        is_elsewhere = file.is_absolute() or ".." in file.parts
        if not cell or (is_elsewhere and (path.name in METADATA or not name)):
            wrong = f"{example.place}: {listed.column} is {cell!r}"
            raise InputError(f"{wrong}; name files below {path.parent}, or take the row out")
        if not name:
            missing = f"{example.place}: {path.parent / file} is missing"
            remedy = "; put it there or take the row out"
            if files.is_vague(cell):
                several = files.namesakes(cell)
                remedy = f", and {len(several)} files may be meant ({first_of(several)}): name one"
                remedy += " with its folder and ending"
            raise InputError(f"{missing}{remedy}")
        if name != f"{files.root}{file}":
            loosely.append(f"{cell!r} as {name}")
        row = example.place.removeprefix(str(path))
        example.place = f"{raw.folder / name} ({listed.name}{row})"
        example.key = name
    what = "file names have another folder, ending or spelling than the files"
    raw.remarks.note("guessed", loosely, what)
    return examples
