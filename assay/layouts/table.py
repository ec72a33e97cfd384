"""The layout of tables with one row for each example: one file, or one for each split or shard."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from assay.contract import column_names, hugging_face_columns, table_files
from assay.contract.errors import InputError, counted, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import file_lists, hugging_face, joined_tables, near_lists, rows, table_keys
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.names import is_split
from assay.layouts.raw_batch import EncodedColumn, RawBatch
from assay.layouts.raw_files import RawFiles
from assay.modalities import column_roles, registry

LAYOUT = "a table"
_STEM = "examples"  # a file with this name is the table, whatever else is in the folder
# endings of text files, which are not read as examples
_TEXTS = (".txt", ".md", ".rst", ".tex", ".html", ".xml", ".rtf", ".docx", ".odt", ".srt", ".vtt")
_SEVERAL = 2  # with so many text files, a table may be a list of them
_LISTS = "metadata"  # the stem of a file that lists other files


def read(raw: RawFiles) -> RawBatch | None:
    """Read a table; None if the folder has none.

    Its payload is the column with the name of a modality, or else the columns of free text. If
    there are none, the payload is every column that is not reserved.
    """
    files = _files(raw.names)
    if not files:
        return None
    remarks = raw.remarks
    parts: dict[str, pa.Table] = {}  # by file
    classes: list[str] = []  # columns that hold classes
    places: list[str] = []
    numbers: list[int] = []  # of the rows in all files, by which people call them
    n_rows = 0
    told: list[str] = []  # files that tell a split
    for name in files:
        path = raw.folder / name
        table, places_of_file = table_files.read(path, raw.largest_file, remarks)
        before, n_rows = n_rows, n_rows + len(table)
        table, places_of_file, kept = table_files.without_headers(table, places_of_file, remarks)
        numbers += [before + row for row in kept]
        table, class_columns = hugging_face_columns.unpacked(table, path, remarks)
        table = column_names.with_tidy_names(table, path, remarks)
        split = hugging_face.split_of_file(name)
        is_told = split and (len(files) > 1 or hugging_face.is_shard(name))
        if is_told and "split" not in table.column_names:
            table = table.append_column("split", pa.array([split] * len(table), pa.string()))
            told.append(f"{name} as {split}")
        if not is_examples(name):
            _refuse_unread(path, table, raw.names)
        parts[name] = table
        places += places_of_file
        classes += [column for column in class_columns if column not in classes]
    table = column_names.without_judgements(joined_tables.join(raw.folder, parts, remarks), remarks)
    path = raw.folder / files[0]
    hugging_face.remark_on_shards(files, remarks)
    what = "files tell the split of their examples by their names"
    remarks.add("guessed", len(told), what, first_of(told))
    if ANNOTATIONS_FILE not in raw.names:
        table = column_names.with_label(table, classes, remarks)
    elif "label" not in table.column_names:
        table = table.append_column("label", pa.array([""] * len(table)))
    if not _payload_column(table):
        near_lists.judge_names(path, table, raw)
    table, named_by = table_keys.with_key(table, raw, numbers)
    batch = to_batch(table, path, places, numbers, remarks)
    batch.headers = set(map(str, set(range(n_rows)).difference(numbers)))
    batch.named_by = named_by
    batch.used = set(files)
    return batch


def _files(names: set[str]) -> list[str]:
    """The files of the table, in order; none if the folder holds no table.

    A file `examples` is the table. Without it, and without files of other layouts, it is the only
    table, or all tables if each has a split in its name.
    """
    tables = tables_of_examples(names)
    called = list(filter(is_examples, tables))
    if called:
        return sorted(called, key=lambda name: (".parquet" not in name, name))[:1]
    others = names - set(tables)
    if any(registry.modality_of_file(name) or "idx" in name for name in others):
        return []
    is_one = len(tables) == 1 or all(map(hugging_face.split_of_file, tables))
    return tables if is_one else []


def is_examples(name: str) -> bool:
    """Whether a file is a table with the name `examples`, in any letter case."""
    return name.partition(".")[0].lower() == _STEM and bool(table_files.suffix(name))


def tables_of_examples(names: set[str]) -> list[str]:
    """The tables, sorted, without files of labels, lists of files, and forms beside a table."""
    tables = sorted(filter(table_files.suffix, names - {ANNOTATIONS_FILE, TRUTH_FILE}))
    tables = [name for name in tables if not file_lists.is_form(name)] or tables
    stems = [PurePosixPath(name).name.partition(".")[0].lower() for name in tables]
    return [name for name, stem in zip(tables, stems, strict=True) if stem != _LISTS]


def how_to_join(tables: Sequence[str]) -> str:
    """What to do with tables that are no layout together."""
    join = "join them to one examples.csv, name the right one so, or make a batch of each"
    folders = {PurePosixPath(name).parent.name for name in tables}
    if len(folders) > 1 and not any(map(is_split, folders)):
        return f"{join}; if each is one example, write a row of features for each into one table"
    return f"{join}; if they are splits, name them train.csv, validation.csv and test.csv"


def _refuse_unread(path: Path, table: pa.Table, names: set[str]) -> None:
    """Raise if a table lists files that Assay cannot read: they would be the examples.

    These are pictures and sounds in some formats. If the table holds no payload, text files too.

    Parameters
    ----------
    names : of all files of the folder
    """
    unread = set(filter(registry.unreadable, names))
    _refuse_list(path, table, unread)
    texts = {name for name in names if name.lower().endswith(_TEXTS)}
    many = MOST * len(table)  # texts; a category may have the name of one of a few files
    if len(texts) >= _SEVERAL and len(texts) > many and not _holds_payload(table):
        reason = "texts are read from a table alone: put them into a column `text` of it"
        _refuse_list(path, table, texts, reason, many)


def _refuse_list(
    path: Path, table: pa.Table, unread: set[str], reason: str = "", many: float = 0
) -> None:
    """Raise if a column names files of `unread` in most rows, and more than `many` files."""
    files = FileNames("", unread, set())
    counts = file_lists.counts_of_files(table, files) if unread else {}
    for column, (n_files, n_rows) in counts.items():
        if n_rows > MOST * len(table) and n_files > many:
            cells = map(str, table[column].to_pylist())
            first = next(filter(None, map(files.find, cells)))
            listed = f"its column {column!r} names {counted(n_files, 'file')}, as {first}"
            remedy = "or name the table examples.csv if its other columns are the data"
            raise InputError(f"{path}: {listed}: {reason or registry.unreadable(first)}, {remedy}")


def _holds_payload(table: pa.Table) -> bool:
    """Whether a table itself holds files or texts."""
    return bool(_payload_column(table) or column_roles.free_texts(_features(table), Remarks()))


def _payload_column(table: pa.Table) -> str | None:
    """The column with the name of a modality; None if there is none."""
    return registry.named(registry.modality_of_columns(table.column_names)).COLUMN


def _features(table: pa.Table) -> pa.Table:
    others = [name for name in table.column_names if name not in column_names.RESERVED]
    return table.select(others)


def to_batch(
    table: pa.Table, path: Path, places: list[str], numbers: list[int], remarks: Remarks
) -> RawBatch:
    """A batch of the rows of a table, of any layout that makes one.

    The caller prepares the table as `read` does: files as bytes, classes as names, tidy names of
    columns, no columns of an export, labels in `label`, and keys, if there are any, in `key`. It
    sets `used` and `layout` of the result.

    Parameters
    ----------
    path, places : the first file, and the file and row of each example (n,), for messages
    numbers : (n,) row numbers in all files: they are the keys if there is no column `key`

    Raises
    ------
    InputError
        If an image or sound has no encoded file; see also `rows.to_examples`.
    """
    numbered = "key" not in table.column_names
    of_files = [repr(name) for name in table.column_names if name == column_names.FILE_NAME]
    remarks.note("left out", of_files, "column names files: it is not read")
    column = _payload_column(table)
    payload_columns = [column] if column else column_roles.free_texts(_features(table), remarks)
    if column:
        modality = registry.modality_of_columns([column])
    else:
        modality = "text" if payload_columns else "table"
    if column and modality == "text":
        column_roles.remark_on_texts_beside(table, column, remarks)
    if payload_columns:
        table = column_roles.drop_counters(table, remarks, column)
    else:  # an example is a row
        payload_columns = _features(table).column_names
    payload: Sequence | pa.Table
    are_files = bool(registry.named(modality).SUFFIXES)
    if are_files:
        payload = EncodedColumn(table[column])
    elif column:
        payload = table[column].to_pylist()
    else:
        payload = table.select(payload_columns)
    examples = rows.to_examples(
        table, path, payload=payload_columns, places=places, numbers=numbers
    )
    if column and are_files:
        rows.check_files(column, payload, places)
    return RawBatch(modality, examples, payload, set(), numbered=numbered, layout=LAYOUT)
