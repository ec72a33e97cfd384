"""Files beside the examples of a raw folder, with labels for them: annotations.csv, truth.csv."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from assay.contract import class_names, column_names, plain_files
from assay.contract.csv_files import DELIMITERS, check_columns, key_column, name_rows, parse_csv
from assay.contract.errors import InputError, first_of
from assay.contract.remarks import Remarks
from assay.layouts.file_names import MOST, FileNames
from assay.layouts.rows import as_labels
from assay.modalities import registry


def read(
    path: Path,
    keys: Collection[str],
    remarks: Remarks,
    columns: Sequence[str] = (),
    *,
    unique: bool = False,
    named_by: str | None = None,
    numbered: bool = False,
) -> list[tuple[str, ...]]:
    """Read (key, *columns, label) of each row that has a label.

    Parameters
    ----------
    keys : of the examples of the batch, in their order; a file may also be named without its
        folder or ending
    columns : names of columns beside key and label
    unique : whether an example may have one row only
    named_by : the column that names the examples, where it is not called `key`, if that is known
    numbered : whether keys are row numbers

    Raises
    ------
    InputError
        If a row names no example of the batch, or one that may not have another row.
    """
    table = parsed(path, remarks, [*columns, "label"])
    files = FileNames("", {key for key in keys if registry.modality_of_file(key)}, set())
    our_names = _our_names(path, table, [*columns, "label"], keys, files, named_by=named_by)
    read_as = [f"{old!r} as {new!r}" for old, new in our_names.items()]
    what = f"columns of {path.name} have other names"
    remarks.add("guessed", len(read_as), what, first_of(read_as))
    table = table.rename_columns([our_names.get(name, name) for name in table.column_names])
    row_keys = _keys_of_rows(path, table, keys, files, remarks)
    places = name_rows(path, table)
    _check_rows(places, row_keys, keys, unique=unique, numbered=numbered)
    cells = [[cell.strip() for cell in table[name].to_pylist()] for name in columns]
    nameless = [place for place, *row in zip(places, *cells, strict=True) if "" in row]
    remarks.add("doubtful", len(nameless), "rows name no annotator", first_of(nameless, 1))
    rows = zip(row_keys, *cells, as_labels(table["label"], places), strict=True)
    return [row for row in rows if class_names.normal(row[-1])]  # blanks alone are no label


def parsed(path: Path, remarks: Remarks, columns: Sequence[str]) -> pa.Table:
    """A file of labels, with reserved names and those of `columns` in small letters."""
    table = parse_csv(path, plain_files.read(path), delimiters=DELIMITERS)
    return column_names.with_tidy_names(table, path, remarks, columns)


def _our_names(
    path: Path,
    table: pa.Table,
    wanted: Sequence[str],
    keys: Collection[str],
    files: FileNames,
    *,
    named_by: str | None,
) -> dict[str, str]:
    """Our names of columns by those that people gave them, also of the one that names examples.

    Parameters
    ----------
    wanted : our names of columns that the table must have

    Raises
    ------
    InputError
        If it lacks one of them.
    """
    our_names = usual_names(table, wanted)
    check_columns(path, table, sorted(set(wanted) - set(our_names.values())))
    is_named = named_by in table.column_names and "key" not in table.column_names
    if named_by is not None and is_named:
        return our_names | ({} if named_by == "file_name" else {named_by: "key"})
    names_examples = bool(set(column_names.KEYS) & set(table.column_names))
    if not names_examples and not _are_row_numbers(keys):
        taken = {*our_names, *wanted} & set(table.column_names)
        people = [name for name in taken if our_names.get(name, name) == "annotator"]
        candidates = table.drop_columns(sorted(taken))
        if all(map(str.isdigit, keys)):
            candidates = _without_repeats(candidates, table.select(people))
        our_names |= _column_of_keys(candidates, keys, files)
    return our_names


def _without_repeats(table: pa.Table, people: pa.Table) -> pa.Table:
    """The columns in which no person has a cell twice: grades or seconds are no keys.

    Parameters
    ----------
    people : the column of annotators, if there is one
    """
    names = []
    for name in table.column_names:
        cells = [column.to_pylist() for column in (table[name], *people.columns)]
        if len(set(zip(*cells, strict=True))) == len(table):
            names.append(name)
    return table.select(names)


def _are_row_numbers(keys: Collection[str]) -> bool:
    """Whether keys count the rows: no column can be known by them."""
    return all(key == str(row) for row, key in enumerate(keys))


def _keys_of_rows(
    path: Path, table: pa.Table, keys: Collection[str], files: FileNames, remarks: Remarks
) -> list[str]:
    """The key that each row names; what it names, where no example of the batch has it."""
    named = table[key_column(path, table, column_names.KEYS)].to_pylist()
    row_keys = [name if name in keys else files.find(name) or name for name in named]
    pairs = zip(named, row_keys, strict=True)
    loosely = [f"{name!r} as {key}" for name, key in pairs if name != key]
    remarks.note("guessed", loosely, f"rows of {path.name} name files in another way")
    return row_keys


def _check_rows(
    places: Sequence[str],
    row_keys: Sequence[str],
    keys: Collection[str],
    *,
    unique: bool,
    numbered: bool,
) -> None:
    """Raise if a row names no example of the batch, or one that may not have another row."""
    seen = set()
    for place, key in zip(places, row_keys, strict=True):
        if key not in keys:
            remedy = "mend it or take the row out"
            if numbered:
                remedy += "; if examples were taken out, the later numbers are shifted"
            raise InputError(f"{place}: {key!r} is no example of this batch: {remedy}")
        if unique and key in seen:
            remedy = "take one of the rows out"
            raise InputError(f"{place}: the truth of {key!r} is there already: {remedy}")
        seen.add(key)


def usual_names(table: pa.Table, columns: Sequence[str]) -> dict[str, str]:
    """Our names of columns by those that people gave them."""
    renamed = {}
    for wanted in set(columns) - set(table.column_names):
        usual = column_names.IN_ANSWERS[wanted]
        names = [name for name in table.column_names if name.lower() in usual]
        if len(names) == 1:
            renamed[names[0]] = wanted
    return dict(sorted(renamed.items()))


def _column_of_keys(table: pa.Table, keys: Collection[str], files: FileNames) -> dict[str, str]:
    """`key` by the column most of whose cells name examples; nothing where there is none.

    Whole numbers are in many columns: where two name examples so, neither is taken.
    """
    counts = {}
    for name in table.column_names:
        cells = table[name].to_pylist()
        n_exact = sum(cell in keys for cell in cells)
        n_found = sum(cell in keys or bool(files.find(cell)) for cell in cells)
        counts[name] = (n_found, n_exact)
    naming = [name for name, (n_found, _) in counts.items() if n_found > MOST * len(table)]
    if not naming or (len(naming) > 1 and all(map(str.isdigit, keys))):
        return {}
    return {max(naming, key=counts.__getitem__): "key"}
