"""The layout of IDX files, plain or gzipped, with the names of MNIST's files.

Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits, 1998.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from assay.contract import plain_files
from assay.contract.errors import InputError
from assay.contract.files import MB
from assay.layouts.raw_batch import Example, RawBatch
from assay.layouts.raw_files import RawFiles

_SPLITS = {"train": "train", "t10k": "test"}  # by the start of the file names
CALLED = "IDX files must be called train-images-idx3-ubyte and train-labels-idx1-ubyte"
_SPELLINGS = ("-", ".")  # what stands before `idx`
# types of values, by the third byte of a file
_TYPES = {8: "unsigned bytes", 9: "signed bytes", 11: "int16", 12: "int32", 13: "float32"}
_TYPES |= {14: "float64"}


def read(raw: RawFiles) -> RawBatch | None:
    """Read pairs of files of images and labels; None if the folder has none."""
    images: list[np.ndarray] = []
    examples: list[Example] = []
    used: set[str] = set()
    for part, split in _SPLITS.items():
        pair = _find_pair(raw, part)
        if pair is None:
            continue
        images_path, labels_path = (raw.folder / name for name in pair)
        pixels = _read_array(images_path, 3, raw.largest_file)  # (n, height, width)
        labels = _read_array(labels_path, 1, raw.largest_file)  # (n,)
        if len(pixels) != len(labels):
            n_images = f"{str(images_path).removesuffix('.gz')} holds {len(pixels)} images"
            n_labels = f"{labels_path.name.removesuffix('.gz')} {len(labels)} labels"
            raise InputError(f"{n_images}, but {n_labels}: fetch both again")
        if images and images[0].shape[1:] != pixels.shape[1:]:
            differ = "train and t10k images differ in size"
            raise InputError(f"{raw.folder}: {differ}: make one batch of each")
        examples += [
            Example(f"{part}/{number}", f"{images_path} image {number}", str(label), split)
            for number, label in enumerate(labels)
        ]
        images.append(pixels)
        used |= set(pair)
    if not images:
        return None
    pixels = np.concatenate(images)
    layout = "IDX files of images and labels"
    return RawBatch("image", examples, pixels, used, numbered=True, layout=layout)


def _find_pair(raw: RawFiles, part: str) -> tuple[str, str] | None:
    """The names of the files of images and of labels; None if both are missing."""
    for mark in _SPELLINGS:
        plain = (f"{part}-images{mark}idx3-ubyte", f"{part}-labels{mark}idx1-ubyte")
        images, labels = (name if name in raw.names else f"{name}.gz" for name in plain)
        missing = [name for name in plain if not {name, f"{name}.gz"} & raw.names]
        if not missing:
            return images, labels
        if len(missing) == 1 and mark == _SPELLINGS[0]:
            needs = "IDX images and labels come in pairs"
            raise InputError(f"{raw.folder / missing[0]} is missing (or its .gz): {needs}")
    return None


def _read_array(path: Path, axes: int, largest_file: int) -> np.ndarray:
    """One IDX file of unsigned bytes.

    The file holds 0, 0, 8, the number of axes, then big-endian sizes of 4 bytes, then the values.
    Reading stops soon after the number of bytes that the header says.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            _check_magic(path, file.read(4), axes)
            shape = struct.unpack(f">{axes}I", file.read(4 * axes))
            size = math.prod(shape)
            may_be_long = path.suffix == ".gz" or not size  # others were checked
            if may_be_long and math.prod(side or 1 for side in shape) > largest_file * MB:
                limit = f"more than collect.largest_file, {largest_file:,} MB"
                remedy = "raise it in params.yaml, or fetch it again"
                raise InputError(f"{path} has the shape {shape}, {limit}: {remedy}")
            content = plain_files.read_beyond(file, size)
    except (EOFError, struct.error, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is cut short or damaged ({error}): fetch it again") from None
    if len(content) != size:
        wrong = "is cut short" if len(content) < size else "is longer than its header says"
        raise InputError(f"{path} {wrong}: it says {shape}, which is {size} bytes: fetch it again")
    if 0 in shape[1:]:
        raise InputError(f"{path} holds images of no pixels, {shape}: fetch it again")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _check_magic(path: Path, magic: bytes, axes: int) -> None:
    """Raise if the first bytes are not those of unsigned bytes with this number of axes."""
    expected = bytes([0, 0, 8, axes])
    if magic == expected:
        return
    wrong = f"{path} has the magic {magic.hex()}, not {expected.hex()} of {axes}-axis IDX bytes"
    remedy = "fetch it again"
    is_sound = len(magic) == len(expected) and magic[:2] == expected[:2] and magic[2] in _TYPES
    if is_sound and (magic[2] != expected[2] or magic[3] > axes):
        wrong += f": it holds {_TYPES[magic[2]]} with {magic[3]} axes"
        remedy = "write unsigned bytes, or the pictures to files in a folder for each class"
    raise InputError(f"{wrong}: {remedy}")
