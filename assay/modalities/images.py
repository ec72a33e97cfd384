"""Images: decoded to one shape (height, width, channels) of unsigned bytes, as their canonical payload."""

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageOps

from assay.contract.errors import InputError
from assay.contract.parameters import Collect
from assay.modalities import arrays

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
MEDIUM = "image"  # as what people are shown it
HTML = '<img src="{}" alt="">'  # of what `show` gives, on a page
STEPS = 600  # that training takes at least where params.yaml leaves it open
COLOUR = 3  # channels; colour images are taken for photographs, which a mirror leaves as likely as they were
_TURN, _ZOOM, _SHEAR, _MOVE = (
    0.25,
    0.2,
    0.2,
    0.1,
)  # a view's at most: radians, log of the scale, slope, share of a side
_LIGHT, _NOISE = (
    0.4,
    25,
)  # log of the factor of a view's values, at most; deviation of what is added to them, of 255


def canonical(
    raw: Sequence[bytes] | np.ndarray, places: Sequence[str], params: Collect
) -> np.ndarray:
    """Decode images to one array.

    Parameters
    ----------
    raw : encoded files, or an array of shape (n, height, width) with values 0..255
    places : for each image, what to call it in a message
    params : `resize`, (height, width) that every image is brought to, or None: all must have one size; `channels`, 1
        (grey), 3 (colour), or None: all must be of one kind

    Returns
    -------
    np.ndarray of shape (n, height, width, channels), uint8

    Raises
    ------
    InputError
        If an image cannot be decoded, is a decompression bomb, or differs from the first in size or channels.
    """
    decoded, resize, channels = [], params.resize, params.channels
    for content, place in zip(raw, places, strict=True):
        image = (
            Image.fromarray(content) if isinstance(content, np.ndarray) else _open(content, place)
        )
        image = image.convert(
            {1: "L", 3: "RGB"}[channels or (1 if image.mode in ("1", "L", "LA", "La") else 3)]
        )
        if resize and image.size != resize[::-1]:
            image = image.resize(resize[::-1], Image.Resampling.BILINEAR)
        pixels = np.asarray(image).reshape(
            image.height, image.width, -1
        )  # (height, width, channels)
        if decoded and pixels.shape != decoded[0].shape:
            parameter = (
                "channels: 1 or 3"
                if pixels.shape[:2] == decoded[0].shape[:2]
                else "resize: [height, width]"
            )
            sizes = " but ".join(
                "x".join(map(str, shape)) for shape in (pixels.shape, decoded[0].shape)
            )
            raise InputError(
                f"{place} is {sizes} in {places[0]}: set collect's `{parameter}` in params.yaml"
            )
        decoded.append(pixels)
    return np.stack(decoded)


def _open(content: bytes, place: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
            image.load()
            if image.mode in ("La", "RGBa"):  # premultiplied; "La" converts to "LA" alone
                image = image.convert(image.mode.upper())
    except (
        Warning,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
        IndexError,
        TypeError,
    ) as error:
        reason = (
            "not a picture in a known format"
            if isinstance(error, Image.UnidentifiedImageError)
            else error
        )
        raise InputError(
            f"{place} cannot be decoded ({reason}): replace it or take it out"
        ) from None
    if image.mode.startswith("I"):  # 16 bits
        return Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    return image


def to_columns(
    payload: np.ndarray, _rows: object, _raw: object, _params: Collect
) -> tuple[dict[str, pa.Array], dict]:
    """Columns for Parquet, an image's pixels as one value of fixed size, and what they are: `{modality, shape}`."""
    return {"image": arrays.to_column(payload)}, {
        "modality": "image",
        "shape": list(payload.shape[1:]),
    }


def from_columns(rows: pa.RecordBatch, kind: dict) -> np.ndarray:
    """The payload of rows that `to_columns` made. Shape (n, height, width, channels), uint8."""
    return arrays.from_column(rows["image"], "u1", kind["shape"])


def picture(pixels: np.ndarray) -> bytes:
    """One image (height, width, channels), uint8, as a PNG that is stored and not compressed: it depends on no zlib."""
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(
        file, "PNG", compress_level=0
    )
    return file.getvalue()


def show(rows: pa.RecordBatch, kind: dict) -> list[str]:
    """Images for people's eyes: a data URI of each picture."""
    pictures = (base64.b64encode(picture(pixels)).decode() for pixels in from_columns(rows, kind))
    return [f"data:image/png;base64,{content}" for content in pictures]


def augment(payload: np.ndarray, rng: np.random.Generator, reach: int = 1) -> np.ndarray:
    """Training images, each moved by up to `reach` pixels both ways, colour ones mirrored or not; black comes in."""
    if payload.shape[3] == COLOUR:
        mirrored = rng.random(len(payload)) < 0.5
        payload = np.where(mirrored[:, None, None, None], payload[:, :, ::-1], payload)
    padded = np.pad(payload, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    windows = sliding_window_view(
        padded, payload.shape[1:3], axis=(1, 2)
    )  # (n, down, right, channels, height, width)
    down, right = np.divmod(rng.integers((2 * reach + 1) ** 2, size=len(payload)), 2 * reach + 1)
    return windows[np.arange(len(payload)), down, right].transpose(0, 2, 3, 1)


def view(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images as they might also have looked: turned, zoomed, sheared, moved, brighter or darker, with noise."""
    n, height, width, channels = payload.shape
    turn, zoom, shear = (rng.uniform(-most, most, n) for most in (_TURN, _ZOOM, _SHEAR))
    cosine, sine = np.exp(zoom) * np.cos(turn), np.exp(zoom) * np.sin(turn)
    y, x = np.mgrid[:height, :width].reshape(2, -1) - np.array(
        [[(height - 1) / 2], [(width - 1) / 2]]
    )
    down, right = (rng.uniform(-_MOVE, _MOVE, (2, n, 1)) + 0.5) * [[[height - 1]], [[width - 1]]]
    x = x + shear[:, None] * y  # (n, height * width): where each pixel of the view comes from
    from_y = np.rint(cosine[:, None] * y + sine[:, None] * x + down).astype(int)
    from_x = np.rint(cosine[:, None] * x - sine[:, None] * y + right).astype(int)
    inside = (from_y >= 0) & (from_y < height) & (from_x >= 0) & (from_x < width)
    moved = (
        payload[np.arange(n)[:, None], from_y.clip(0, height - 1), from_x.clip(0, width - 1)]
        * inside[..., None]
    )
    light, noise = (
        rng.uniform(-_LIGHT, _LIGHT, (n, 1, 1)),
        rng.normal(0, _NOISE, (n, height * width, channels)),
    )
    return (moved * np.exp(light) + noise).clip(0, 255).astype(np.uint8).reshape(payload.shape)


def read_file(path: Path, kind: dict) -> tuple[list[str], np.ndarray]:
    """One image file, what to call it and as a payload of the released model: (1, height, width, channels), uint8."""
    height, width, channels = kind["shape"]
    params = Collect.model_construct(resize=(height, width), channels=channels)
    return [str(path)], canonical([path.read_bytes()], [str(path)], params)
