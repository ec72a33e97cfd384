"""The layout of image or audio files: a folder for each class, or a table that lists the files.

Both may be inside folders of splits. All of it may be inside further folders that hold nothing
else. This is the convention of Hugging Face's ImageFolder and AudioFolder, with usual variations.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assay.contract.errors import InputError
from assay.contract.paths import ANNOTATIONS_FILE
from assay.contract.remarks import Remarks
from assay.layouts import file_lists, unread_files
from assay.layouts.file_lists import FileList
from assay.layouts.file_names import FileNames
from assay.layouts.names import is_split, is_unlabelled, leave_unlabelled
from assay.layouts.raw_batch import EncodedFiles, Example, RawBatch
from assay.layouts.raw_files import RawFiles
from assay.modalities import registry

FOLDERS = "a folder for each class"  # the name of a layout
_DEFAULT_MODALITY = "image"  # if a metadata file lists only files with unknown endings


@dataclass
class _Part:
    """A folder that holds lists of files or, if there are none, folders of classes."""

    files: FileNames
    lists: list[FileList]

    @property
    def root(self) -> str:
        return self.files.root


def read(raw: RawFiles) -> RawBatch | None:
    """Read files with labels from folders or a table; None if there are no such files."""
    lists_of_files = {name for name in raw.names if _last_part(name) in file_lists.METADATA}
    data_names = raw.media | lists_of_files
    if not data_names:
        return None
    modality = _one_modality(raw)
    parts, root, has_splits = _parts(raw, data_names)
    has_votes = bool({ANNOTATIONS_FILE, f"{root}{ANNOTATIONS_FILE}"} & raw.names)
    examples = []
    in_folders = []  # of classes
    for part in parts:
        of_part = _examples(raw, part, has_votes=has_votes)
        examples += of_part
        in_folders += [] if part.lists else of_part
    lists = [listed for part in parts for listed in part.lists]
    if not examples and not lists:
        return None
    keys = (example.key for example in examples)
    if unread := next(filter(registry.unreadable, keys), None):  # but its ending may be wrong
        registry.refuse_unreadable(raw.folder / unread, modality)
    if has_splits:
        _take_splits_above_classes(examples, root)
    elif not lists:
        _take_splits_below_classes(examples, raw.remarks)
    leave_unlabelled(in_folders, raw.remarks)
    used = {example.key for example in examples} | {listed.name for listed in lists}
    payload = EncodedFiles([Path(f"{raw.folder}/{example.key}") for example in examples])
    layout = f"files that {_last_part(lists[0].name)} lists" if lists else FOLDERS
    layout += ", in a folder for each split" if has_splits else ""
    return RawBatch(modality, examples, payload, used, layout=layout, root=root)


def _parts(raw: RawFiles, data_names: set[str]) -> tuple[list[_Part], str, bool]:
    """The parts, the root folder that holds them, and whether it holds only folders of splits.

    Parameters
    ----------
    data_names : of images, sounds and metadata files
    """
    top = _below_wrappers(raw, "")
    what = "folders are neither class nor split"
    raw.remarks.add("guessed", top.root.count("/"), what, top.root)
    with_data = folders_below(top.root, data_names)
    splits = sorted(name for name in with_data if is_split(_last_part(name)))
    has_splits = bool(splits) and len(splits) == len(with_data)
    parts = [top]
    if has_splits and not top.lists:
        without_data = folders_below(top.root, raw.names) - with_data
        unread = (name for name in without_data if is_split(_last_part(name)))
        unread_files.refuse_folders(raw, unread)
        parts = [_below_wrappers(raw, name) for name in splits]
        pairs = zip(splits, parts, strict=True)
        wrappers = {part.root.removeprefix(split) for split, part in pairs}
        if len(wrappers) > 1:  # a folder may be a wrapper in one split and a class in another
            parts = [_part_at(raw, name) for name in splits]
    elif splits and not top.lists:
        _refuse_mixture(raw, splits, with_data)
        what = "folders hold a class, though named as splits, since other classes lie beside them"
        raw.remarks.add("doubtful", len(splits), what, splits[0])
    return parts, top.root, has_splits


def _part_at(raw: RawFiles, root: str) -> _Part:
    files = FileNames(root, raw.names, raw.media)
    return _Part(files, file_lists.lists_in(raw, files))


def _below_wrappers(raw: RawFiles, root: str) -> _Part:
    """The folder where the data start, below wrappers: folders that hold only one folder.

    If there is only `a/b/cat/1.png`, the data start at `a/b`, since `cat` is a class.
    """
    part = _part_at(raw, root)
    while not part.lists and len(folders := folders_below(part.root, raw.names)) == 1:
        inner = _part_at(raw, folders.pop())
        start = len(inner.root)
        below = (name for name in raw.media if name.startswith(inner.root))
        is_class = any("/" not in name[start:] for name in below)
        has_meaning = is_split(_last_part(inner.root)) or is_unlabelled(_last_part(inner.root))
        if has_meaning or (is_class and not inner.lists):
            break
        part = inner
    return part


def _take_splits_above_classes(examples: list[Example], root: str) -> None:
    """Take the first folder as the split, as in `train/cat`, if an example has no split yet."""
    for example in examples:
        split, _, rest = example.key.removeprefix(root).partition("/")
        if rest:
            example.split = example.split or split


def _take_splits_below_classes(examples: list[Example], remarks: Remarks) -> None:
    """Take folders such as `cat/train` as splits, if every class holds only such folders."""
    of_classes = [example for example in examples if not _names_no_class(example.label)]
    parts = [example.label.rpartition("/") for example in of_classes]
    if all(class_ and is_split(split) for class_, _, split in parts):
        for example, (class_, _, split) in zip(of_classes, parts, strict=True):
            example.label, example.split = class_, split
        what = "examples have their split in a folder below that of their class"
        remarks.note("guessed", [example.key for example in of_classes], what)


def _names_no_class(label: str) -> bool:
    """Whether the folder of a file is `unlabelled`, or is below it and is no split."""
    top, _, rest = label.partition("/")
    return is_unlabelled(top) and not is_split(_last_part(rest))


def _last_part(name: str) -> str:
    """The last part of a path. The name of a folder may end with a slash."""
    return name.rstrip("/").rpartition("/")[2]


def folders_below(root: str, names: Iterable[str]) -> set[str]:
    """The folders directly below a root that hold some of the names."""
    start = len(root)
    below = (name for name in names if name.startswith(root) and "/" in name[start:])
    return {name[: name.index("/", start) + 1] for name in below}


def _one_modality(raw: RawFiles) -> str:
    """The modality of the files of a folder; raise if there are several."""
    modalities = set(raw.modality_of.values())
    if len(modalities) > 1:
        both = " and ".join(sorted(modalities))
        raise InputError(f"{raw.folder} holds {both} files: make a batch of each")
    return min(modalities, default=_DEFAULT_MODALITY)


def _refuse_mixture(raw: RawFiles, splits: list[str], tops: set[str]) -> None:
    """Raise if folders of splits, with classes inside, are beside a folder of a class.

    If only one folder is named as a split, it counts as a class, unless its name is `train`.
    """
    nested = {top for top in splits if folders_below(top, raw.media)}
    if nested and (len(splits) > 1 or _last_part(splits[0]).lower() == "train"):
        other = _last_part(min(tops - set(splits)))
        split = _last_part(min(nested))
        beside = f"a folder {other!r} beside {split!r}"
        raise InputError(f"{raw.folder} has {beside}: put it into one of the splits")


def _examples(raw: RawFiles, part: _Part, *, has_votes: bool) -> list[Example]:
    """The files of a part as examples. The folders between the part and a file are its label.

    A file without such a folder is left out. If no file has one and there are people's labels, all
    files are kept.
    """
    if part.lists:
        examples = []
        for listed in part.lists:
            examples += file_lists.to_examples(listed, raw, part.files)
        return examples
    without_media = folders_below(part.root, raw.names) - folders_below(part.root, raw.media)
    unread_files.refuse_folders(raw, without_media)
    here = sorted(name for name in raw.media if name.startswith(part.root))
    labels = [name.removeprefix(part.root).rpartition("/")[0] for name in here]
    unlabelled_count = has_votes and not any(labels)
    return [
        Example(name, f"{raw.folder}/{name}", label)
        for name, label in zip(here, labels, strict=True)
        if label or unlabelled_count
    ]
