"""Find the module of a modality by its name.

A new modality needs a module, one line in `MODULES`, and an entry in `encoders/inputs.py`. If
Hugging Face's `datasets` decodes its files, add an entry in `contract/hugging_face_columns.py`;
otherwise `export` writes the files as bytes. If statistics of its payloads are measured, add an
entry in `measures/statistics.py`. The module holds:

COLUMN : the column of a raw table that holds the payload; None if all columns are features
SUFFIXES : how the names of its files end; empty if examples are not files
MEDIUM : how pages and Label Studio show it: `image`, `audio` or `text`
LINE_BREAK : what joins the lines of `show` to one line; None if a file's name says more
STEPS : the least number of training steps, if params.yaml does not set it
SECONDS : time of the pipeline: a minimum, and per example and per value; see `duration.py`
canonical : payloads (n, ...) of one shape and type, from raw data; it adds remarks
to_columns, from_columns : from some rows of payloads to columns of Parquet and a format, and back
show : stored payloads for people, as data URIs or text; a picture has at most `side` pixels a side
augment : training payloads with small random changes
view : payloads with larger random changes, to learn from them without labels
read_file : the examples of a file that a user wants predicted: their names and payloads

The modules of files also hold:

NOUN : what people call one example
PROBE : a format that is used only to test whether a file can be read
ENDING : the ending of the files that `encode` makes
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

# Endings of files that Assay cannot decode, by the format in which to save them.
_UNREADABLE = {
    "PNG or JPEG": ".npy .heic .heif .jxl .svg .eps .ps .pdf .psd .xcf .ai .ico .fits .dcm .exr "
    ".nii .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .emf .wmf",
    "WAV or FLAC": ".m4a .m4b .aac .wma .amr .ape .wv .mka .weba .mid .3gp",
    "pictures or sounds": ".mp4 .m4v .mov .avi .mkv .webm .mpg .mpeg .wmv",
}
_VECTORS = ".npy"  # also how people save embeddings


def named(modality: str) -> ModuleType:
    """The module of a modality."""
    return MODULES[modality]


def modality_of_file(name: str) -> str | None:
    """The modality of a file, by the ending of its name; None if it is no example."""
    return modality_of_ending(PurePosixPath(name).suffix)


def modality_of_ending(ending: str) -> str | None:
    """The modality of files with an ending such as `.PNG`; None if it is of no modality."""
    return _MODALITY_OF_SUFFIX.get(ending.lower())


def unreadable(name: str) -> str | None:
    """Why a file of a batch cannot be read, by the ending of its name; None if it is not known."""
    reason = _to_save_as(name)
    if reason and name.lower().endswith(_VECTORS):
        return f"{reason}, or vectors as rows of examples.parquet, with a column for each number"
    return reason


def _to_save_as(name: str) -> str | None:
    suffix = PurePosixPath(name.lower().removesuffix(".gz")).suffix
    save_as = (form for form, suffixes in _UNREADABLE.items() if suffix in suffixes.split())
    form = next(save_as, None)
    return form and f"{suffix} files cannot be read: save them as {form}"


def read_file(path: Path, encoder: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """The examples of a file that a user wants predicted: their names in messages, and payloads.

    Raises
    ------
    InputError
        If it cannot be read. If its ending is known, the message says how to save the file.
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
    """Why a file is no example of a modality, by its ending; None if it may be one."""
    such = f"but the model takes {modality} files: name such files"
    other = modality_of_file(name)
    if other and other != modality:
        return f"{other} by its name, {such}"
    if not named(modality).SUFFIXES:
        return None
    return f"a table, {such}" if table_files.is_table(name) else _to_save_as(name)


def refuse_unreadable(path: Path, modality: str) -> None:
    """Raise if a file with an `unreadable` name really cannot be read."""
    module = named(modality)
    try:
        module.read_file(path, module.PROBE, Remarks())
    except InputError:
        raise InputError(f"{path}: {unreadable(path.name)}") from None


def modality_of_columns(columns: Sequence[str]) -> str:
    """The modality of a raw table: the one of its payload column; `table` if it has none."""
    of_payload = (name for name, module in MODULES.items() if module.COLUMN in columns)
    return next(of_payload, _OF_ANY_COLUMNS)


def payloads(path: Path, size: int, payload_format: Format) -> Iterator[np.ndarray]:
    """Read all payloads of one file of examples, in blocks of at most `size`.

    Parameters
    ----------
    payload_format : the format of the encoder; the payloads are read in it

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
