"""The layout of image or audio files: folders per class, or a metadata.csv that lists the files.

Both may also lie below the folders train/, validation/ and test/. It is the convention of Hugging
Face's ImageFolder and AudioFolder.
"""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from assay.contract.csv_files import read_csv
from assay.contract.errors import InputError
from assay.contract.paths import SPLITS
from assay.contract.remarks import Remarks
from assay.layouts import rows
from assay.layouts.raw_batch import EncodedFiles, Example, RawBatch
from assay.modalities import registry

_METADATA = "metadata.csv"
_SPLIT_OF_FOLDER = {split: split for split in SPLITS} | {"valid": "validation", "val": "validation"}
_DEFAULT_MODALITY = "image"  # where a metadata.csv lists files of unknown endings alone


def read(folder: Path, names: set[str], remarks: Remarks) -> RawBatch | None:
    """Read files that a folder or a metadata.csv labels; None where the folder has none."""
    media = {name for name in names if registry.modality_of_file(name)}
    metadata = {name for name in names if PurePosixPath(name).name == _METADATA}
    top_folders = {_top(name) for name in media | metadata if "/" in name}
    if not top_folders and not metadata:
        return None
    modality = _one_modality(folder, media)
    split_of = _split_folders(folder, top_folders, media)
    roots = [""]
    if split_of and _METADATA not in names:
        roots = [f"{top}/" for top in sorted(split_of)]
    examples: list[Example] = []
    for root in roots:
        if f"{root}{_METADATA}" in names:
            examples += _listed(folder, root, names)
        else:
            examples += _in_class_folders(folder, root, media)
    for example in examples:
        example.split = example.split or split_of.get(_top(example.key), "")
    used = {example.key for example in examples} | {f"{root}{_METADATA}" for root in roots}
    payload = EncodedFiles([folder / example.key for example in examples])
    layout = f"files that a {_METADATA} lists" if metadata else "a folder for each class"
    return RawBatch(modality, examples, payload, used, layout=layout)


def _top(name: str) -> str:
    return name.partition("/")[0]


def _one_modality(folder: Path, media: Collection[str]) -> str:
    modalities = sorted({registry.modality_of_file(name) or "" for name in media})
    if len(modalities) > 1:
        raise InputError(f"{folder} holds {' and '.join(modalities)} files: make a batch of each")
    return modalities[0] if modalities else _DEFAULT_MODALITY


def _split_folders(folder: Path, tops: set[str], media: Collection[str]) -> dict[str, str]:
    """The split by folder at the top. Beside other folders, such a name is a class like any other.

    Raises
    ------
    InputError
        If a folder of classes stands beside folders that hold classes for a split.
    """
    splits = tops & set(_SPLIT_OF_FOLDER)
    others = tops - splits
    if not others:
        return {top: _SPLIT_OF_FOLDER[top] for top in splits}
    if any(_top(name) in splits and name.count("/") > 1 for name in media):
        beside = f"a folder {min(others)!r} beside {min(splits)!r}"
        raise InputError(f"{folder} has {beside}: put it into one of the splits")
    return {}


def _in_class_folders(folder: Path, root: str, media: Collection[str]) -> list[Example]:
    """The files below a root; the folders between are the label. A file without one is left out."""
    examples = []
    for name in sorted(name for name in media if name.startswith(root)):
        label = name.removeprefix(root).rpartition("/")[0]
        if label:
            examples.append(Example(name, str(folder / name), label))
    return examples


def _listed(folder: Path, root: str, names: set[str]) -> list[Example]:
    """The files that a metadata.csv lists, with what it says about them."""
    path = folder / root / _METADATA
    examples = rows.to_examples(read_csv(path, ["file_name"]), path, key="file_name")
    for example in examples:
        file = PurePosixPath(example.key)
        if not example.key or file.is_absolute() or ".." in file.parts:
            wrong = f"{example.place}: file_name is {example.key!r}"
            raise InputError(f"{wrong}; name files below {path.parent}, or take the row out")
        if f"{root}{file}" not in names:
            missing = f"{example.place}: {path.parent / file} is missing"
            raise InputError(f"{missing}; put it there or take the row out")
        row = example.place.removeprefix(f"{path} ")
        example.key = f"{root}{file}"
        example.place = f"{path.parent / file} ({root}{_METADATA} {row})"
    return examples
