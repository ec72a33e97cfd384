"""Read files of labels beside the examples of a raw folder: annotations.csv and truth.csv."""

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from assay.contract import class_names, column_names, plain_files
from assay.contract.csv_files import DELIMITERS, check_columns, key_column, name_rows, parse_csv
from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.raw_batch import RawBatch
from assay.layouts.raw_files import RawFiles
from assay.layouts.rows import as_labels
from assay.modalities import registry

COLUMNS = {ANNOTATIONS_FILE: ["annotator", "label"], TRUTH_FILE: ["label"]}  # beside the key


def read(raw: RawFiles, name: str, batch: RawBatch) -> list[tuple[str, ...]]:
    """Read (key, annotator, label) of each row that has a label; of truth.csv, (key, label).

    The file is in the folder where the data start, or in the folder of the batch. Its keys are
    relative to its own folder. Names of files may lack their folder or ending.

    Parameters
    ----------
    name : annotations.csv or truth.csv
    batch : the examples; the file is added to `batch.used`

    Raises
    ------
    InputError
        If a row names no example of the batch, or if truth.csv names one twice.
    """
    root = batch.root if (raw.folder / batch.root / name).exists() else ""
    path = raw.folder / root / name
    is_list = f"{root}{name}" in batch.used  # then it is the list of the examples
    if is_list or not path.exists():
        return []
    batch.used.add(f"{root}{name}")
    key_of = {example.key.removeprefix(root): example.key for example in batch.examples}
    files = FileNames("", set(filter(registry.modality_of_file, key_of)), set())
    table = parsed(path, raw.remarks)
    our_names = _our_names(path, table, key_of, files, batch.named_by)
    read_as = [f"{old!r} as {new!r}" for old, new in our_names.items()]
    what = f"columns of {name} have other names"
    raw.remarks.add("guessed", len(read_as), what, first_of(read_as))
    table = table.rename_columns(our_names)
    row_keys = _keys_of_rows(path, table, key_of, files, raw.remarks)
    places = name_rows(path, table)
    _check_rows(places, row_keys, key_of, batch, unique=name == TRUTH_FILE)
    *people, _ = COLUMNS[name]
    cells = [[cell.strip() for cell in table[column].to_pylist()] for column in people]
    nameless = [place for place, *row in zip(places, *cells, strict=True) if "" in row]
    raw.remarks.add("doubtful", len(nameless), "rows name no annotator", first_of(nameless, 1))
    keys = [key_of[key] for key in row_keys]
    rows = zip(keys, *cells, as_labels(table["label"], places), strict=True)
    return [row for row in rows if class_names.normal(row[-1])]  # blanks alone are no label


def parsed(path: Path, remarks: Remarks) -> pa.Table:
    """A file of labels, with the names of its known columns in lower case."""
    table = parse_csv(path, plain_files.read(path), delimiters=DELIMITERS)
    return column_names.with_tidy_names(table, path, remarks, COLUMNS[path.name])


def _our_names(
    path: Path, table: pa.Table, keys: Collection[str], files: FileNames, named_by: str | None
) -> dict[str, str]:
    """Our names of columns, by their names in the file; also for the column of keys.

    Raises
    ------
    InputError
        If the file lacks a column that it must have.
    """
    wanted = COLUMNS[path.name]
    our_names = usual_names(table, wanted)
    check_columns(path, table, sorted(set(wanted) - set(our_names.values())))
    known = set(column_names.KEYS) & set(table.column_names)
    if named_by and named_by in table.column_names and not known & {"key", named_by}:
        return our_names | {named_by: "key"}
    # Too many columns hold numbers from 0, so none of them is taken as row numbers.
    are_row_numbers = list(keys) == [str(row) for row in range(len(keys))]
    if known or are_row_numbers:
        return our_names
    return our_names | _column_of_keys(table.rename_columns(our_names), wanted, keys, files)


def _keys_of_rows(
    path: Path, table: pa.Table, keys: Collection[str], files: FileNames, remarks: Remarks
) -> list[str]:
    """The key that each row names; the original text if no example has this name."""
    named = table[key_column(path, table, column_names.KEYS)].to_pylist()
    row_keys = [name if name in keys else files.find(name) or name for name in named]
    pairs = zip(named, row_keys, strict=True)
    loosely = [f"{name!r} as {key}" for name, key in pairs if name != key]
    remarks.note("guessed", loosely, f"rows of {path.name} name files in another way")
    return row_keys


def _check_rows(
    places: list[str], row_keys: list[str], keys: Collection[str], batch: RawBatch, *, unique: bool
) -> None:
    """Raise if a row names no example of the batch; with `unique`, also if it names one again."""
    seen = set()
    for place, key in zip(places, row_keys, strict=True):
        if key not in keys:
            if batch.numbered and key in batch.headers:
                wrong = f"{key!r} is no example of this batch, but the header once more"
                raise InputError(f"{place}: {wrong}: take this row out; the other numbers stay")
            remedy = "mend it or take the row out"
            if batch.numbered:
                remedy += "; if examples were taken out, the later numbers are shifted"
            elif key.isdecimal() and (padded := _padded(key, keys)):
                remedy = f"write {padded!r} if that is meant, or {remedy}"
            raise InputError(f"{place}: {key!r} is no example of this batch: {remedy}")
        if unique and key in seen:
            remedy = "take one of the rows out"
            raise InputError(f"{place}: the truth of {key!r} is there already: {remedy}")
        seen.add(key)


def _padded(number: str, keys: Collection[str]) -> str:
    """The key (or file) that is this number with other leading zeros; "" if there is none."""
    stems = {key: PurePosixPath(key).stem for key in keys}
    significant = number.lstrip("0")
    same = [
        key for key, stem in stems.items() if stem.isdecimal() and stem.lstrip("0") == significant
    ]
    return min(same, default="")


def usual_names(table: pa.Table, columns: Sequence[str]) -> dict[str, str]:
    """Our names of columns, by the usual names that people gave them."""
    renamed = {}
    for wanted in set(columns) - set(table.column_names):
        usual = column_names.IN_ANSWERS[wanted]
        names = [name for name in table.column_names if name.lower() in usual]
        if len(names) == 1:
            renamed[names[0]] = wanted
    return dict(sorted(renamed.items()))


def _column_of_keys(
    table: pa.Table, known: Sequence[str], keys: Collection[str], files: FileNames
) -> dict[str, str]:
    """The new name `key` for the column that names the examples; empty if there is none.

    Most cells of the column must name examples. If keys are numbers, other columns, such as grades
    or seconds, may hold them too. Then a column does not count if a person has the same cell twice,
    and if two columns are left, neither is taken.

    Parameters
    ----------
    known : the column of annotators, if there is one, and then the column of labels
    """
    are_numbers = all(map(str.isdigit, keys))
    people = [table[name].to_pylist() for name in known[:-1]]
    counts = {}
    for name in table.drop_columns(known).column_names:
        cells = table[name].to_pylist()
        if are_numbers and len(set(zip(cells, *people, strict=True))) < len(table):
            continue
        n_exact = sum(cell in keys for cell in cells)
        n_found = sum(cell in keys or bool(files.find(cell)) for cell in cells)
        if n_found > MOST * len(table):
            counts[name] = (n_found, n_exact)
    if not counts or (len(counts) > 1 and are_numbers):
        return {}
    return {max(counts, key=counts.__getitem__): "key"}
