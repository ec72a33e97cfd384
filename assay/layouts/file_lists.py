"""Tables that list files: metadata.csv, .jsonl and .parquet of Hugging Face, and others."""

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from assay.contract import column_names, table_files
from assay.contract.column_names import is_text
from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import rows, unread_lists
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.names import is_split
from assay.layouts.raw_batch import Example

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_COLUMN = "file_name"
_FORM = "submission"  # in the name of a table of placeholders
_SHARE = 0.5  # of the files, which lists name at least


@dataclass
class FileList:
    """A table that names files of one folder.

    Attributes
    ----------
    name : of its file, relative to the batch
    places : the name of each row in messages
    column : the one that names the files; its other columns are about them
    wrong : why it cannot be read; its table is then what can be made out
    """

    name: str
    table: pa.Table
    places: list[str]
    column: str
    remarks: Remarks = field(default_factory=Remarks)
    wrong: str = ""


def lists_in(folder: Path, files: FileNames, largest_file: int, remarks: Remarks) -> list[FileList]:
    """The lists that lie directly in the folder of `files`; none where it has none.

    These are a metadata file, or else tables of other names with a column that names files. Beside
    folders of classes these need a column of labels, and must name half of the files.

    Raises
    ------
    InputError
        If such a list cannot be read.
    """
    root = files.root
    start = len(root)
    for name in METADATA:
        if f"{root}{name}" in files.names:
            return [_metadata(folder, f"{root}{name}", files, largest_file, remarks)]
    below = sorted(name for name in files.names if name.startswith(root))
    here = (name for name in below if "/" not in name[start:])
    tables = [name for name in here if table_files.suffix(name) and name[start:] != TRUTH_FILE]
    candidates = [_other_list(folder, name, files, largest_file) for name in tables]
    lists = [listed for listed in candidates if listed]
    if not lists:
        return []
    media = [name for name in below if name in files.media]
    cells = [cell for listed in lists for cell in listed.table[_COLUMN].to_pylist()]
    named_files = {files.find(cell) for cell in cells} - {""}
    has_classes = len({name.rpartition("/")[0] for name in media}) > 1
    if not has_classes:
        for listed in lists:
            _take_other_as_label(listed)
    labelled = [listed for listed in lists if "label" in listed.table.column_names]
    is_certain = not has_classes and any("." in cell for cell in cells)  # else it may be no list
    names_enough = len(named_files) >= _SHARE * len(media)
    if not is_certain and not names_enough:
        return []
    if labelled or not is_certain:
        lists = labelled
    if has_classes or not all(is_form(listed.name) for listed in lists):
        lists = _without_forms(lists, remarks)
    for listed in lists:
        if listed.wrong:
            raise InputError(listed.wrong)
        remarks += listed.remarks
        what = f"examples come from a table whose column {listed.column!r} names files"
        remarks.add("guessed", len(listed.table), what, listed.name)
        if is_form(listed.name):
            what = "labels come from a table whose name says that it is to be filled in"
            remedy = "take it out if they are not true"
            remarks.add("doubtful", len(listed.table), what, listed.name, remedy)
    return lists


def is_form(name: str) -> bool:
    """Whether a list is one to fill in: Kaggle's sample_submission.csv gives all one label."""
    return _FORM in PurePosixPath(name).name.lower()


def _without_forms(lists: list[FileList], remarks: Remarks) -> list[FileList]:
    """The lists whose labels are meant as such; the rows of the others are remarked on."""
    true_lists = []
    for listed in lists:
        if not is_form(listed.name):
            true_lists.append(listed)
            continue
        what = "rows hold no labels, since the name of their table says that it is to be filled in"
        remedy = "rename it if its labels are true"
        remarks.add("ignored", len(listed.table), what, listed.name, remedy)
    return true_lists


def _metadata(
    folder: Path, name: str, files: FileNames, largest_file: int, remarks: Remarks
) -> FileList:
    """The list that a metadata file is; it may name files in another column than `file_name`."""
    listed = _read(folder, name, largest_file)
    if _COLUMN not in listed.table.column_names:
        column = _column_of_files(listed.table, files)
        if not column:
            has = f"it has: {', '.join(listed.table.column_names)}"
            raise InputError(f"{folder / name} has no column {_COLUMN!r}; {has}")
        _rename(listed, column)
        listed.remarks.add("guessed", 1, "column names the files", repr(column))
    listed.table = column_names.with_label(listed.table, [], listed.remarks)
    remarks += listed.remarks
    return listed


def _other_list(folder: Path, name: str, files: FileNames, largest_file: int) -> FileList | None:
    """The list that a table is; None where it holds people's votes, or names no files."""
    path = PurePosixPath(name)
    try:
        listed = _read(folder, name, largest_file)
    except InputError as error:
        table = unread_lists.made_out(folder / name)
        listed = FileList(name, table, [""] * len(table), _COLUMN, wrong=str(error))
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
    """Where a list has but one more column, that holds the labels."""
    names = listed.table.column_names
    others = set(names) - set(column_names.RESERVED)
    if "label" not in names and len(others) == 1:
        listed.table = column_names.with_label(listed.table, list(others), listed.remarks)


def _read(folder: Path, name: str, largest_file: int) -> FileList:
    remarks = Remarks()
    table, places = table_files.read(folder / name, largest_file, remarks)
    table = column_names.with_tidy_names(table, folder / name, remarks)
    return FileList(name, table, places, _COLUMN, remarks)


def _rename(listed: FileList, column: str) -> None:
    names = listed.table.column_names
    texts = pa.array(rows.as_text(listed.table[column], listed.places), pa.string())
    listed.table = listed.table.set_column(names.index(column), _COLUMN, texts)
    listed.column = column


def _column_of_files(table: pa.Table, files: FileNames) -> str | None:
    """The column of texts or numbers that names the most files; None if that is less than half."""
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
    """The different cells that are no gaps, as text, and how many rows have each."""
    cells, rows_of = pc.value_counts(column.drop_null()).flatten()
    return cells.cast(pa.string()), rows_of


def to_examples(
    listed: FileList, folder: Path, files: FileNames, remarks: Remarks
) -> list[Example]:
    """The files that a list names, with what it says about them.

    Raises
    ------
    InputError
        If it names a file that is not there or lies elsewhere.
    """
    path = folder / listed.name
    examples = rows.to_examples(listed.table, path, key=_COLUMN, places=listed.places)
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
        example.place = f"{folder / name} ({listed.name}{example.place.removeprefix(str(path))})"
        example.key = name
    what = "file names have another folder, ending or spelling than the files"
    remarks.note("guessed", loosely, what)
    return examples
