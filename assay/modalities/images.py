"""Images. Their canonical payload is unsigned bytes of one shape (height, width, channels)."""

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageOps

from assay.contract.errors import InputError, quiet
from assay.contract.parameters import Collect
from assay.contract.remarks import Remarks
from assay.modalities import arrays

COLUMN = "image"
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
MEDIUM = "image"
HTML = '<img src="{}" alt="">'
LINE_BREAK = None
STEPS = 600
COLOUR = 3  # channels; colour images count as photographs, whose mirror images are as likely
_MODES = {1: "L", 3: "RGB"}  # Pillow's name by number of channels
_GREY_MODES = ("1", "L", "LA", "La")
# the most that `view` changes
_TURN = 0.25  # radians
_ZOOM = 0.2  # log of the factor
_SHEAR = 0.2  # slope
_MOVE = 0.1  # share of a side
_LIGHT = 0.4  # log of the factor
_NOISE = 25  # standard deviation, of 255
# what Pillow raises
_BOMBS = (Warning, Image.DecompressionBombError)
_DAMAGE = (OSError, ValueError, SyntaxError, IndexError, TypeError)


def canonical(
    raw: Sequence[bytes] | np.ndarray, places: Sequence[str], params: Collect, remarks: Remarks
) -> np.ndarray:
    """Decode images to one array.

    Parameters
    ----------
    raw : encoded files, or an array of shape (n, height, width) with values 0..255
    places : the name of each image in messages
    params : `resize` is the (height, width) of every image, or None if all have one size;
        `channels` is 1 (grey), 3 (colour), or None if all have the same

    Returns
    -------
    np.ndarray of shape (n, height, width, channels), uint8

    Raises
    ------
    InputError
        If an image cannot be decoded, is a decompression bomb, or differs from the first in size
        or channels.
    """
    decoded: list[np.ndarray] = []
    with quiet():  # Pillow and libtiff write about damaged files themselves
        for content, place in zip(raw, places, strict=True):
            pixels = _pixels(content, place, params)
            if decoded and pixels.shape != decoded[0].shape:
                same_size = pixels.shape[:2] == decoded[0].shape[:2]
                parameter = "channels: 1 or 3" if same_size else "resize: [height, width]"
                differ = f"{place} is {_size(pixels)} but {_size(decoded[0])} in {places[0]}"
                raise InputError(f"{differ}: set collect's `{parameter}` in params.yaml")
            decoded.append(pixels)
    return np.stack(decoded)


def _size(pixels: np.ndarray) -> str:
    return "x".join(map(str, pixels.shape))


def _pixels(content: bytes | np.ndarray, place: str, params: Collect) -> np.ndarray:
    """One image (height, width, channels), in the size and channels that `params` ask for."""
    image = Image.fromarray(content) if isinstance(content, np.ndarray) else _open(content, place)
    channels = params.channels or (1 if image.mode in _GREY_MODES else 3)
    image = image.convert(_MODES[channels])
    if params.resize and image.size != params.resize[::-1]:
        image = image.resize(params.resize[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(image.height, image.width, -1)


def _open(content: bytes, place: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
            image.load()
            if image.mode in ("La", "RGBa"):  # premultiplied; "La" converts to "LA" alone
                image = image.convert(image.mode.upper())
    except (*_BOMBS, *_DAMAGE) as error:
        is_unknown = isinstance(error, Image.UnidentifiedImageError)
        reason = "not a picture in a known format" if is_unknown else error
        remedy = "replace it or take it out"
        raise InputError(f"{place} cannot be decoded ({reason}): {remedy}") from None
    if image.mode.startswith("I"):  # 16 bits
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    return image


def format_of(shape: Sequence[int]) -> dict[str, Any]:
    """The format of images of a shape (height, width, channels)."""
    return {"modality": "image", "shape": list(shape)}


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, _params: Collect
) -> tuple[dict[str, pa.Array], dict[str, Any]]:
    """The column for Parquet, and its format."""
    return {"image": arrays.to_column(payload)}, format_of(payload.shape[1:])


def from_columns(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> np.ndarray:
    """The payload (n, height, width, channels) uint8 of rows that `to_columns` made."""
    return arrays.from_column(rows["image"], "u1", payload_format["shape"])


def picture(pixels: np.ndarray) -> bytes:
    """One image (height, width, channels) uint8 as a PNG.

    It is stored without compression, so that its bytes do not depend on the version of zlib.
    """
    file = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, "PNG", compress_level=0)
    return file.getvalue()


def show(rows: pa.RecordBatch, payload_format: dict[str, Any]) -> list[str]:
    """A data URI of each image as PNG."""
    images = from_columns(rows, payload_format)
    encoded = (base64.b64encode(picture(pixels)).decode() for pixels in images)
    return [f"data:image/png;base64,{content}" for content in encoded]


def augment(payload: np.ndarray, rng: np.random.Generator, shift: int = 1) -> np.ndarray:
    """Training images, each moved by up to `shift` pixels both ways; some colour ones mirrored.

    The pixels that come in at the border are black.
    """
    n, (height, width, channels) = len(payload), payload.shape[1:]
    if channels == COLOUR:
        is_mirrored = (rng.random(n) < 0.5)[:, None, None, None]
        payload = np.where(is_mirrored, payload[:, :, ::-1], payload)
    padded = np.pad(payload, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
    windows = sliding_window_view(padded, (height, width), axis=(1, 2))
    # windows has shape (n, down, right, channels, height, width)
    positions = 2 * shift + 1  # in each direction
    down, right = np.divmod(rng.integers(positions**2, size=n), positions)  # (n,) each
    return windows[np.arange(n), down, right].transpose(0, 2, 3, 1)


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images, each turned, zoomed, sheared, moved, brighter or darker, and with noise."""
    n, (height, width, channels) = len(payload), payload.shape[1:]
    turn, zoom, shear = (rng.uniform(-most, most, n) for most in (_TURN, _ZOOM, _SHEAR))
    cosine = (np.exp(zoom) * np.cos(turn))[:, None]
    sine = (np.exp(zoom) * np.sin(turn))[:, None]
    move = rng.uniform(-_MOVE, _MOVE, (2, n, 1)) + 0.5  # of the centre, as a share of each side
    down, right = move * [[[height - 1]], [[width - 1]]]  # (n, 1) each, in pixels
    centre = np.array([[(height - 1) / 2], [(width - 1) / 2]])
    y, x = np.mgrid[:height, :width].reshape(2, -1) - centre  # (height * width,) each
    sheared = x + shear[:, None] * y  # (n, height * width)
    # where each pixel of the view comes from, (n, height * width)
    from_y = np.rint(cosine * y + sine * sheared + down).astype(int)
    from_x = np.rint(cosine * sheared - sine * y + right).astype(int)
    is_inside = (from_y >= 0) & (from_y < height) & (from_x >= 0) & (from_x < width)
    images = np.arange(n)[:, None]
    moved = payload[images, from_y.clip(0, height - 1), from_x.clip(0, width - 1)]
    moved = moved * is_inside[..., None]  # (n, height * width, channels)
    light = np.exp(rng.uniform(-_LIGHT, _LIGHT, (n, 1, 1)))
    noise = rng.normal(0, _NOISE, (n, height * width, channels))
    return (moved * light + noise).clip(0, 255).astype(np.uint8).reshape(payload.shape)


def read_file(
    path: Path, payload_format: dict[str, Any], remarks: Remarks
) -> tuple[list[str], np.ndarray]:
    """One image file: its name in messages, and the payload (1, height, width, channels) uint8."""
    height, width, channels = payload_format["shape"]
    params = Collect.model_construct(resize=(height, width), channels=channels)
    return [str(path)], canonical([path.read_bytes()], [str(path)], params, remarks)
