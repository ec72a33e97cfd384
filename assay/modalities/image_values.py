"""Read what Pillow does not tell about the values in a picture's file: depth, sign, channels."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin

DEEP_MODES = ("I", "F")  # how the names of modes of more than 8 bits start
_GREY, _SIGNED = "L", 2
_KINDS = {1: "whole numbers", _SIGNED: "signed numbers", 3: "floats"}  # by TIFF's SampleFormat
_BIG_TIFF = 43
# where JPEG 2000 and AVIF store their depth: a mark, and the number of bytes after its start
_CODESTREAM, _TO_DEPTH = b"\xff\x4f\xff\x51", 42
_AV1, _TO_FLAGS, _HIGH_DEPTH = b"av1C", 6, 0x40


def is_cut_to_8_bits(image: ImageFile.ImageFile, content: bytes) -> bool:
    """Whether values have more than 8 bits and Pillow keeps the upper 8. Call it before `load`."""
    if image.mode.startswith(DEEP_MODES):
        return False
    if image.format in ("PNG", "TIFF"):
        return ";16" in str(image.tile)
    if image.format == "PPM":
        how = image.tile[0].args  # the mode, and the largest value unless it is 255
        return isinstance(how, tuple) and how[1] > 255
    if image.format == "AVIF":
        return bool(content[content.find(_AV1) + _TO_FLAGS] & _HIGH_DEPTH)
    depth = 8
    if image.format == "SGI":
        depth = 8 * content[3]
    elif image.format == "JPEG2000":
        depth = 1 + (content[content.find(_CODESTREAM) + _TO_DEPTH] & 0x7F)
    return depth > 8


def has_unread_channels(image: Image.Image) -> bool:
    """Whether a TIFF holds channels that Pillow does not read, such as infrared."""
    return _tag(image, TiffImagePlugin.SAMPLESPERPIXEL, 1) > len(image.getbands())


def is_inverted(image: Image.Image) -> bool:
    """Whether 0 is white in a picture of more than 8 bits. Pillow inverts other pictures itself."""
    is_deep = image.mode.startswith(DEEP_MODES)
    return is_deep and _tag(image, TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 1) == 0


def deep(image: Image.Image) -> np.ndarray | None:
    """The values (height, width) of a grey picture that do not fit in unsigned bytes; else None.

    Pillow reads signed bytes of a TIFF as unsigned, and unsigned 32-bit numbers as signed. This
    function corrects both.
    """
    (kind, *_) = _tag(image, TiffImagePlugin.SAMPLEFORMAT, (1,))
    if image.mode == _GREY and kind == _SIGNED:
        return np.asarray(image).view(np.int8)
    if not image.mode.startswith(DEEP_MODES):
        return None
    (bits, *_) = _tag(image, TiffImagePlugin.BITSPERSAMPLE, (1,))
    values = np.asarray(image)
    return values.view(np.uint32) if (kind, bits) == (1, 32) else values


def kind_of_tiff(content: bytes) -> str:
    """What a TIFF holds, such as `1 channel of 64-bit floats`; "" if it is damaged or no TIFF."""
    if not content.startswith(tuple(TiffImagePlugin.PREFIXES)):
        return ""
    stream = io.BytesIO(content)
    try:
        header = stream.read(16 if _BIG_TIFF in content[2:4] else 8)
        tags = TiffImagePlugin.ImageFileDirectory_v2(header)
        stream.seek(tags.next)
        tags.load(stream)
        bits = max(tags[TiffImagePlugin.BITSPERSAMPLE])
        kind = _KINDS.get(tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))[0], "values")
        n = tags.get(TiffImagePlugin.SAMPLESPERPIXEL, 1)
    except Exception:  # a damaged file may raise any error
        return ""
    return f"{n} channel{'' if n == 1 else 's'} of {bits}-bit {kind}"


def _tag(image: Image.Image, number: int, default: Any) -> Any:
    """The value of a TIFF tag; the default if the tag is missing or the image is no TIFF."""
    return getattr(image, "tag_v2", {}).get(number, default)
