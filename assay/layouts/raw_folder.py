"""Read a raw batch from a folder. The files in the folder decide which layout it has."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path, PurePosixPath

from assay.contract import class_names, edited_inputs, table_files
from assay.contract.errors import InputError, first_of
from assay.contract.paths import ANNOTATIONS_FILE, TRUTH_FILE
from assay.contract.remarks import Remarks
from assay.layouts import (
    array_files,
    idx,
    listing,
    media_files,
    names,
    near_lists,
    side_files,
    table,
    unread_files,
)
from assay.layouts.raw_batch import Example, RawBatch
from assay.layouts.raw_files import RawFiles
from assay.modalities import registry

_LARGEST_FILE = 4000  # MB; for tests and benchmarks, which read no parameters
_MOSTLY = 0.5  # if people label this share of a folder's files, its name may be no label
_CLASSES = 2  # with so many classes in training, the only folder of another split may be no class
_NAMED = 3  # files or tables that a message names
_REMEDIES = {
    "": "if these are pictures or sounds, give their names an ending, such as .png",
    **dict.fromkeys(
        (".txt", ".html", ".docx"),
        "if these are the texts, put them into one table, examples.csv (text,label)",
    ),
    ".json": "write one object a line, into examples.jsonl",
    **dict.fromkeys(table_files.SHEETS, "save the sheet as examples.csv, in UTF-8"),
    **dict.fromkeys(array_files.ENDINGS, array_files.REMEDY),
}

_LAYOUTS = (table.read, idx.read)  # all layouts except the one of pictures and sounds


def read(folder: Path, largest_file: int = _LARGEST_FILE) -> RawBatch:
    """Read a raw batch in any of the layouts.

    Parameters
    ----------
    largest_file : the most MB of a file after unpacking

    Raises
    ------
    InputError
        If the folder is empty, has no known layout, holds files that `listing.data_files` refuses,
        or if one of its files does not fit the layout.
    """
    raw = listing.data_files(folder, largest_file)
    edited_inputs.note(folder, lambda: _list_again(raw), _paths(raw))
    batch = _read(raw)
    batch.remarks = raw.remarks
    _check_keys(folder, batch)
    names.name_splits(batch)
    batch.annotations = side_files.read(raw, ANNOTATIONS_FILE, batch)
    if batch.layout.startswith(media_files.FOLDERS):
        _drop_lone_folder(batch)
        _drop_lone_folders_of_splits(batch)
        _remark_on_nested_classes(batch)
    batch.truth = side_files.read(raw, TRUTH_FILE, batch)
    _remark_on_unused(raw, batch)
    names.name_people(batch)
    names.name_classes(batch)
    names.remark_on_joined(batch)
    return batch


def _list_again(raw: RawFiles) -> list[Path]:
    return _paths(listing.data_files(raw.folder, raw.largest_file))


def _paths(raw: RawFiles) -> list[Path]:
    return [raw.folder / name for name in raw.names]


def _read(raw: RawFiles) -> RawBatch:
    """Try the layouts one after the other, also inside folders that hold only one folder."""
    if batch := _read_media(raw):
        return batch
    inner = raw
    root = ""
    while not (batch := _first_that_fits(inner)):
        folders = media_files.folders_below(root, raw.names)
        if len(folders) != 1:
            raise InputError(f"{raw.folder} {_unknown(raw)}")
        (root,) = folders
        inner = raw.below(root)
    batch.root = root
    batch.used = {f"{root}{name}" for name in batch.used}
    raw.remarks.add("guessed", root.count("/"), "folders lie around the data", root)
    return batch


def _first_that_fits(raw: RawFiles) -> RawBatch | None:
    """The batch of the first layout of `_LAYOUTS` that fits; None if none fits."""
    batches = (read_layout(raw) for read_layout in _LAYOUTS)
    return next(filter(None, batches), None)


def _read_media(raw: RawFiles) -> RawBatch | None:
    """A batch of images or sounds; None if there are none, or if there is a table `examples`.

    A table with another letter case, such as Examples.csv, may also be a list of these files.
    """
    tables = set(filter(table.is_examples, raw.names))
    if any(name.startswith("examples.") for name in tables):
        return None
    media = replace(raw, remarks=Remarks())
    batch = media_files.read(media)
    if batch and tables and not tables & batch.used:
        return None
    raw.remarks += media.remarks
    return batch


def _drop_lone_folder(batch: RawBatch) -> None:
    """Remove the label that comes from the only folder, if people label its files differently."""
    folders = {example.label for example in batch.examples}
    if len(folders) > 1:
        return
    (folder,) = folders
    is_said = any(map(names.is_unlabelled, PurePosixPath(batch.examples[0].key).parts[:-1]))
    labelled = {key for key, *_ in batch.annotations}
    given = {_folded(label) for *_, label in batch.annotations}
    if _folded(folder) in given or len(labelled) < _MOSTLY * len(batch.examples):
        return
    for example in batch.examples:
        example.label = ""
    batch.layout = f"files that {ANNOTATIONS_FILE} labels"
    what = "examples lie in no folder of a class"
    if folder:
        no_class = "no annotator uses its name, so it is not taken as a class"
        what = f"examples lie in one folder, {folder!r}: {no_class}"
    batch.remarks.add("guessed", 0 if is_said else len(batch.examples), what)


def _drop_lone_folders_of_splits(batch: RawBatch) -> None:
    """Remove labels from the only folder of a held-out split, if no class has its name."""
    folders_of: dict[str, set[str]] = defaultdict(set)  # by split
    for example in batch.examples:
        if example.label:
            folders_of[example.split].add(example.label)
    classes = folders_of["train"] | {label for *_, label in batch.annotations}
    known = set(map(_folded, classes))
    if len(folders_of["train"]) < _CLASSES:
        return
    for split in ("validation", "test"):
        folder = min(folders_of[split], default="")
        if len(folders_of[split]) != 1 or _folded(folder) in known:
            continue
        inside = [row for row in batch.examples if row.split == split and row.label]
        for example in inside:
            example.label = ""
        no_class = "which is no class of training, so they have no label"
        what = f"examples of the {split} split lie in one folder, {folder!r}, {no_class}"
        remedy = "put them into folders of their classes; if it is one, list them in metadata.csv"
        batch.remarks.add("guessed", len(inside), what, inside[0].key, remedy)


def _folded(name: str) -> str:
    return class_names.normal(name).casefold()


def _remark_on_nested_classes(batch: RawBatch) -> None:
    """Add a remark on classes such as `cat/more` beside `cat`, if folders are the classes."""
    classes = {example.label for example in batch.examples}
    above = {name: map(str, PurePosixPath(name).parents) for name in sorted(classes)}
    nested = [repr(name) for name, parents in above.items() if classes & set(parents)]
    what = "classes lie in the folder of another class"
    remedy = "put all files of a class into one folder, if they are one"
    batch.remarks.note("doubtful", nested, what, remedy)


def _remark_on_unused(raw: RawFiles, batch: RawBatch) -> None:
    """Add remarks on files that are not used, and the reason if it is known."""
    unused = raw.names - batch.used
    archives = sorted(filter(listing.is_archive, unused))
    unused -= set(archives)
    why = array_files.beside_table(raw.folder, batch, unused)
    if batch.layout.startswith(media_files.FOLDERS):
        media = {example.key for example in batch.examples}
        unused -= unread_files.remark_on(unused, media, raw.remarks)
        why = near_lists.reason(raw, media, unused)
        if not why and unread_files.boxes(unused, media):
            why = unread_files.IF_BOXES
        why = "; ".join(filter(None, [why, unread_files.in_no_folder(unused)]))
    raw.remarks.add("ignored", len(unused), "files are not used", first_of(sorted(unused)), why)
    raw.remarks.add("ignored", len(archives), "archives are left packed", first_of(archives))


def _unknown(raw: RawFiles) -> str:
    """A message on files that have no known layout, and what to do."""
    data = raw.names
    archives = sorted(filter(listing.is_archive, data))
    if raw.media:
        remedy = "add a folder for each class, or a metadata.csv (file_name,label)"
        if boxes := unread_files.boxes(data, raw.media):
            remedy += f"; as to {min(boxes)}, {unread_files.IF_BOXES}"
        elif sheets := sorted(name for name in data if name.lower().endswith(table_files.SHEETS)):
            remedy += f"; {sheets[0]} is not read: save it as metadata.csv if it lists them"
        remedy = near_lists.reason(raw, raw.media) or remedy
        says = f"nothing says the class of {first_of(sorted(raw.media))}"
        return f"has no known layout: {says}: {remedy}"
    if archives:
        return f"has no known layout, but an archive, {archives[0]}: unpack it and take it out"
    tables = table.tables_of_examples(data)
    if len(tables) > 1:
        several = f"{len(tables)} tables ({first_of(tables, _NAMED)})"
        return f"has no known layout, but {several}: {table.how_to_join(tables)}"
    needs = "folders per class, a metadata.csv, IDX files, or examples.parquet / examples.csv"
    has = first_of(sorted(data), _NAMED)
    endings = Counter(PurePosixPath(name).suffix.lower() for name in data).most_common()
    if endings and endings[0][0] not in _REMEDIES:
        first = min(name for name in data if name.lower().endswith(endings[0][0]))
        if reason := registry.unreadable(first):
            return f"has no known layout: {reason}; it has {has}"
    remedies = [f"; {_REMEDIES[ending]}" for ending, _ in endings if ending in _REMEDIES]
    if any("idx" in name.lower() for name in data):
        remedies = [f"; {idx.CALLED}"]
    return f"has no known layout: it needs {needs}; it has {has}{''.join(remedies[:1])}"


def _check_keys(folder: Path, batch: RawBatch) -> None:
    """Raise if there are no examples, if one has no key, or if two have the same key."""
    if not batch.examples:
        remedy = "add some, or take its name off the lists in params.yaml"
        raise InputError(f"{folder} holds no examples: {remedy}")
    first_of_key: dict[str, Example] = {}
    for example in batch.examples:
        if not example.key:
            raise InputError(f"{example.place}: the key is empty: fill it in")
        first = first_of_key.setdefault(example.key, example)
        if first is not example:
            taken = f"the key {example.key!r} is already that of {first.place}"
            remedy = ": keep one row for each file"
            if batch.layout == table.LAYOUT:
                remedy = ": rename the column if it is a feature"
            elif ANNOTATIONS_FILE not in first.place:
                remedy += f", or call the list {ANNOTATIONS_FILE}"
            raise InputError(f"{example.place}: {taken}; keys must differ in a batch{remedy}")
