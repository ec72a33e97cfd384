"""Tables that list files: metadata.csv, .jsonl and .parquet of Hugging Face, and others."""

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


def lists_in(raw: RawFiles, files: FileNames) -> list[FileList]:
    """The lists that lie directly in the folder of `files`; none where it has none.

    These are a metadata file, or else tables of other names with a column that names files. Beside
    folders of classes these need a column of labels, and must name half of the files.

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
    """The tables of other names that are lists, as `lists_in` says."""
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
    if has_classes:  # folders say the classes too, unless a list says more
        return _without_forms(labelled, raw.remarks) if names_enough else []
    has_endings = any("." in cell for cell in cells)  # else numbers may name files by chance
    if not has_endings and not names_enough:
        return []
    if labelled or not has_endings:
        lists = labelled
    if all(is_form(listed.name) for listed in lists):
        return lists
    return _without_forms(lists, raw.remarks)


def is_form(name: str) -> bool:
    """Whether a list is one to fill in: Kaggle's sample_submission.csv gives all one label."""
    return _FORM in PurePosixPath(name).name.lower()


def _without_forms(lists: list[FileList], remarks: Remarks) -> list[FileList]:
    """The lists whose labels are meant as such; the rows of the others are remarked on."""
    what = "rows hold no labels, since the name of their table says that it is to be filled in"
    remedy = "rename it if its labels are true"
    for listed in lists:
        if is_form(listed.name):
            remarks.add("ignored", len(listed.table), what, listed.name, remedy)
    return [listed for listed in lists if not is_form(listed.name)]


def _metadata(raw: RawFiles, name: str, files: FileNames) -> FileList:
    """The list that a metadata file is; it may name files in another column than `file_name`."""
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
    """The list that a table is; None where it holds people's votes, or names no files."""
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
    """Where a list has but one more column, that holds the labels."""
    names = listed.table.column_names
    others = set(names) - set(column_names.RESERVED)
    if "label" not in names and len(others) == 1:
        listed.table = column_names.with_label(listed.table, list(others), listed.remarks)


def read(raw: RawFiles, name: str) -> FileList:
    """A table whose column of files is called as it must be, or is not known yet."""
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


def to_examples(listed: FileList, raw: RawFiles, files: FileNames) -> list[Example]:
    """The files that a list names, with what it says about them.

    Raises
    ------
    InputError
        If it names a file that is not there or lies elsewhere.
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
