"""Finds the module of a modality by its name.

A new modality is a module, one line in `MODULES`, and an entry in `encoders/inputs.py`. If Hugging
Face's `datasets` decodes its files, it has an entry in `contract/hugging_face_columns.py` too; else
`export` writes them as bytes. If something is measured of it, it has one in
`measures/statistics.py`. The module holds:

COLUMN : the column of a raw table that holds the payload; None where all columns are features
SUFFIXES : how the names of its files end; empty where examples are not files
MEDIUM : how pages and Label Studio show it: `image`, `audio` or `text`
LINE_BREAK : what joins the lines of `show` to one line; None where a file's name says more
STEPS : the least number of training steps, where params.yaml does not set it
SECONDS : of the whole pipeline at least, and for each example and each value; see `duration.py`
canonical : payloads (n, ...) of one shape and type, from what came in; it adds to the remarks
to_columns, from_columns : some rows of payloads to columns of Parquet with their format, and back
show : stored payloads for people, as data URIs or text; a picture has at most `side` pixels a side
augment : training payloads, changed a little at random
view : payloads changed more than that, to learn from them without labels
read_file : a file whose examples a user wants predicted, as their names and payloads

The modules of files also hold:

NOUN : what people call one example
PROBE : a format in which a file is read only to see whether it can be
ENDING : of the files that `encode` makes
encode : stored payloads as the content of files
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np

from assay.contract import parquet_files, table_files
from assay.contract.errors import InputError
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.modalities import audio, images, tables, text

MODULES: dict[str, ModuleType] = {"image": images, "audio": audio, "text": text, "table": tables}
_OF_ANY_COLUMNS = "table"
_MODALITY_OF_SUFFIX = {
    suffix: modality for modality, module in MODULES.items() for suffix in module.SUFFIXES
}

# Files that people have and nothing here decodes: how their names end, and what to save them as.
_UNREADABLE = {
    "PNG or JPEG": ".npy .heic .heif .jxl .svg .eps .ps .pdf .psd .xcf .ai .ico .fits .dcm .exr "
    ".dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .emf .wmf",
    "WAV or FLAC": ".m4a .m4b .aac .wma .amr .ape .wv .mka .weba .mid .3gp",
    "pictures or sounds": ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .wmv",
}
_VECTORS = ".npy"  # also how people save embeddings


def named(modality: str) -> ModuleType:
    """The module of a modality."""
    return MODULES[modality]


def modality_of_file(name: str) -> str | None:
    """The modality of a file, by how its name ends; None where it is no example."""
    return modality_of_ending(PurePosixPath(name).suffix)


def modality_of_ending(ending: str) -> str | None:
    """The modality of files whose names end so, `.PNG` for instance; None where they are none."""
    return _MODALITY_OF_SUFFIX.get(ending.lower())


def unreadable(name: str) -> str | None:
    """Why a file of a batch cannot be read, by how its name ends; None where that is not known."""
    reason = _to_save_as(name)
    if reason and name.lower().endswith(_VECTORS):
        return f"{reason}, or vectors as rows of examples.parquet, with a column for each number"
    return reason


def _to_save_as(name: str) -> str | None:
    suffix = PurePosixPath(name).suffix.lower()
    save_as = (form for form, suffixes in _UNREADABLE.items() if suffix in suffixes.split())
    form = next(save_as, None)
    return form and f"{suffix} files cannot be read: save them as {form}"


def read_file(path: Path, encoder: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """The examples of a file that a user wants predicted: their names in messages, and payloads.

    Raises
    ------
    InputError
        If it cannot be read, with what to save it as where its name tells.
    """
    module = named(encoder["modality"])
    try:
        return module.read_file(path, encoder, remarks)
    except InputError:
        reason = _why_unread(path.name, encoder["modality"])
        if not reason:
            raise
        raise InputError(f"{path}: {reason}") from None


def _why_unread(name: str, modality: str) -> str | None:
    """Why a file is no example of a modality, by how its name ends; None where it may be one."""
    such = f"but the model takes {modality} files: name such files"
    other = modality_of_file(name)
    if other and other != modality:
        return f"{other} by its name, {such}"
    if not named(modality).SUFFIXES:
        return None
    return f"a table, {such}" if table_files.is_table(name) else _to_save_as(name)


def refuse_unreadable(path: Path, modality: str) -> None:
    """Raise if a file that is `unreadable` by its name is so by its content too."""
    module = named(modality)
    try:
        module.read_file(path, module.PROBE, Remarks())
    except InputError:
        raise InputError(f"{path}: {unreadable(path.name)}") from None


def modality_of_columns(columns: Sequence[str]) -> str:
    """The modality of a raw table: that of its payload column, or else of columns of features."""
    of_payload = (name for name, module in MODULES.items() if module.COLUMN in columns)
    return next(of_payload, _OF_ANY_COLUMNS)


def payloads(path: Path, size: int, payload_format: Format) -> Iterator[np.ndarray]:
    """Read all payloads of one file of examples, in blocks of at most `size`.

    Parameters
    ----------
    payload_format : what they are read as: that of the encoder

    Raises
    ------
    InputError
        If a value of a table is not of the type of its column.
    """
    module = named(payload_format["modality"])
    for block in parquet_files.blocks(path, size):
        try:
            yield module.from_columns(block, payload_format)
        except InputError as error:
            raise InputError(f"{path}: {error}; mend it, or take the batch off the lists") from None
