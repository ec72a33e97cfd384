"""Images. Their canonical payload is unsigned bytes of one shape (height, width, channels)."""

import base64
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from assay.contract.errors import quiet
from assay.contract.parquet_files import Format
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.contract.stored_rows import StoredRows
from assay.modalities import arrays, image_files, image_form, image_range, undecodable
from assay.modalities.image_form import COLOUR

COLUMN = "image"
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".gif", ".bmp", ".dib"}
SUFFIXES |= {".tif", ".tiff", ".webp", ".avif", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".qoi"}
SUFFIXES |= {".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx", ".pcx", ".sgi", ".dds", ".tga"}
MEDIUM = "image"
LINE_BREAK = None
STEPS = 600
SECONDS = (40.0, 0.0, 2.0e-7)
NOUN = "picture"
PROBE: Format = {"modality": "image", "shape": [8, 8, 3]}
ENDING = ".png"
_THUMBNAIL = 128  # pixels: the longer side of an image on a page, if the page asks for no other
_EXACT = 64  # pixels: pages show images up to this side without loss
# the largest changes that `view` makes
_TURN = 0.25  # radians
_ZOOM = 0.2  # log of the factor
_SHEAR = 0.2  # slope
_MOVE = 0.1  # share of a side
_LIGHT = 0.4  # log of the factor
_NOISE = 25  # standard deviation, of 255


def canonical(
    raw: Sequence[bytes] | np.ndarray, places: Sequence[str], params: Collect, remarks: Remarks
) -> StoredRows:
    """Decode images, one at a time, to one size and to grey or colour.

    Parameters
    ----------
    raw : encoded files, or an array of shape (n, height, width) with values 0..255
    places : the name of each image in messages
    params : `resize` is the (height, width) of every image, None if all have one size, or `auto`:
        if all images have one size of at most 128 pixels a side, they keep it, else they become
        squares; `fit` is for another aspect ratio; `channels` is 1 (grey), 3 (colour), or None:
        colour if at least one image is; also `depth` and `background`

    Returns
    -------
    StoredRows of shape (n, height, width, channels), uint8

    Raises
    ------
    InputError
        If images cannot be decoded or are decompression bombs. One message reports all of them.
        If `resize` is None and the sizes differ.
    """
    decoder = image_files.Decoder(params)
    form_of_row = []  # the size and the channels that each image was decoded to

    def decode(content: bytes | np.ndarray, place: str) -> np.ndarray:
        pixels = decoder.pixels(content, place)
        form_of_row.append(decoder.form.agreed)
        return pixels

    # libraries write their own messages about damaged files
    with quiet() as stderr, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        stored = undecodable.stored(raw, places, decode, stderr)
        for row, place in enumerate(places):
            if form_of_row[row] != decoder.form.agreed or decoder.is_outdated(place):
                stored.replace(row, decoder.pixels(raw[row], place))
    decoder.remark(len(places), remarks)
    remarks.payload_format |= decoder.settled()
    return stored


def format_of(shape: Sequence[int]) -> Format:
    """The format of images of a shape (height, width, channels)."""
    return {"modality": "image", "shape": list(shape)}


def to_columns(
    payload: np.ndarray | StoredRows, rows: Sequence[int], _raw: object, _params: Collect
) -> tuple[dict[str, arrays.SlicedColumn], Format]:
    """The column of some rows for Parquet, and its format."""
    return {"image": arrays.SlicedColumn(payload, rows)}, format_of(payload.shape[1:])


def from_columns(rows: pa.RecordBatch, payload_format: Format) -> np.ndarray:
    """The payload (n, height, width, channels) uint8 of rows that `to_columns` made."""
    return arrays.from_column(rows["image"], "u1", payload_format["shape"])


def picture(pixels: np.ndarray) -> bytes:
    """One image (height, width, channels) uint8 as a PNG.

    It is stored without compression, so that its bytes do not depend on the version of zlib.
    """
    file = io.BytesIO()
    _image(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def _thumbnail(pixels: np.ndarray, side: int) -> bytes:
    """One image (height, width, channels) uint8 as a JPEG of at most `side` pixels a side."""
    image = _image(pixels)
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def encode(rows: pa.RecordBatch, payload_format: Format) -> list[bytes]:
    """Each image as the content of a PNG file."""
    return [picture(pixels) for pixels in from_columns(rows, payload_format)]


def show(rows: pa.RecordBatch, payload_format: Format, side: int | None = None) -> list[str]:
    """A data URI of each image: a small one as PNG, else a JPEG of at most `side` pixels a side."""
    side = side or _THUMBNAIL
    uris = []
    for pixels in from_columns(rows, payload_format):
        is_small = max(pixels.shape[:2]) <= _EXACT
        form = "png" if is_small else "jpeg"
        content = picture(pixels) if is_small else _thumbnail(pixels, side)
        encoded = base64.b64encode(content).decode()
        uris.append(f"data:image/{form};base64,{encoded}")
    return uris


def augment(payload: np.ndarray, rng: np.random.Generator, shift: int = 1) -> np.ndarray:
    """Training images, each moved at random by up to `shift` pixels in both directions.

    Half of the colour images are also mirrored. New pixels at the border are black.
    """
    n = len(payload)
    height, width, channels = payload.shape[1:]
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
    """Images, each turned, zoomed, sheared, moved and changed in brightness, with noise."""
    n = len(payload)
    height, width, channels = payload.shape[1:]
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


def read_file(path: Path, payload_format: Format, remarks: Remarks) -> tuple[list[str], np.ndarray]:
    """One image file: its name in messages, and the payload (1, height, width, channels) uint8."""
    height, width, channels = payload_format["shape"]
    params = Collect.model_construct(
        resize=(height, width),
        channels=channels,
        fit=payload_format.get("fit", image_form.FIT),
        background=payload_format.get("background", image_files.BACKGROUND),
        depth=tuple(payload_format.get("range", ())) or image_range.DEPTH,
    )
    return [str(path)], canonical([path.read_bytes()], [str(path)], params, remarks)[:]
