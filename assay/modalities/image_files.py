"""Decode image files to unsigned bytes with Pillow, and note what is lost or changed."""

import io
from collections import defaultdict
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageColor

from assay.contract.errors import InputError
from assay.contract.remarks import Action, Remarks
from assay.contract.sections import Collect
from assay.modalities import image_form, image_values
from assay.modalities.image_form import COLOUR, FIT, Extent, Size
from assay.modalities.image_range import DEPTH, Values
from assay.modalities.undecodable import UndecodableError

# Pillow decodes these formats itself. For others, such as EPS, it runs a program from the PATH.
_FORMATS = (
    "PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "DIB", "QOI", "PCX",
    "SGI", "DDS", "TGA",
)  # fmt: skip
_MODES = {1: "L", 3: "RGB"}  # Pillow's name by number of channels
_GREY_MODES = ("1", "L", "LA", "La")
_OTHER_COLOURS = ("CMYK", "HSV", "LAB", "YCbCr")
# the background colour of images, if the format of their payloads names no other
BACKGROUND = "white"
_OPAQUE = 255
_SHALLOW = 5  # if all grey values are at most so far apart, each picture would count as blank
_DRAFTED = ("JPEG", "MPO")  # formats that may be decoded at a reduced scale
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by the orientation of EXIF
_SWAPPING = [_TURNS[orientation] for orientation in (5, 6, 7, 8)]  # of height and width
_SCALED = "pictures hold more than 8 bits{}: values from {:g} to {:g} become 0 to 255"
_BEHIND = "collect.background in params.yaml sets it"
_RANGE = "set collect.depth in params.yaml to auto or to more"
_REMARKS: dict[str, tuple[Action, str, str]] = {
    "frames": ("left out", "pictures have more pages or frames: the first one is taken", ""),
    "turned": ("converted", "pictures are turned as EXIF says", ""),
    "other colours": ("converted", "pictures in CMYK or the like become RGB", ""),
    "channels": ("left out", "pictures have channels beside grey or RGB, which are not read", ""),
    "to grey": ("converted", "colour pictures become grey", "collect.channels says so"),
    "transparent": ("converted", "pictures are partly transparent: the background shows", _BEHIND),
    "deep colour": ("converted", "colour pictures of 16 bits keep the upper 8 of them", ""),
    "deep": ("converted", "pictures of more than 8 bits a value keep the upper 8 of them", ""),
    "not finite": ("converted", "pictures hold values that are no numbers: they become black", ""),
    "beyond": ("cut", "pictures hold values beyond the range that is read", _RANGE),
}


class Decoder:
    """Decodes the images of a batch, and remembers what it changed.

    Values of more than 8 bits are scaled by the range of all such values so far. After the last
    image, an image that `is_outdated` must be decoded again.

    Attributes
    ----------
    form : the size and the channels of all images so far
    range : the value that becomes 0, and the value that would become 256; None if no image has more
        than 8 bits
    """

    def __init__(self, params: Collect) -> None:
        self.params = params
        self.form = image_form.Form(params)
        self.range: tuple[float, float] | None = None
        self._values = Values()
        self._range_of: dict[str, tuple[float, float]] = {}  # by place
        self._greys = (255, 0)  # the darkest and the brightest of all
        self._are_blank = True
        # by key of `_REMARKS`; a dict with the value None is used as a set that keeps its order
        self._places: dict[str, dict[str, None]] = defaultdict(dict)
        try:
            self._background = ImageColor.getcolor(params.background, "RGBA")
        except ValueError:
            wrong = f"params.yaml: collect.background: {params.background!r} is no colour"
            raise InputError(f"{wrong}: use a name, as white, or #rrggbb") from None

    def pixels(self, content: bytes | np.ndarray, place: str) -> np.ndarray:
        """One image (height, width, channels) in the size and channels of all images so far.

        Raises
        ------
        UndecodableError
            If it cannot be decoded, or is a decompression bomb.
        InputError
            If its size differs from the first, and `params.resize` is None.
        """
        try:
            image = self._decoded(content, place)
            pixels = np.asarray(image).reshape(image.height, image.width, -1)
        except InputError:
            raise
        except Exception as error:  # a decoder may raise any error on damaged files
            reason, remedy = _wrong(error, content)
            wrong = f"{place} cannot be decoded ({reason}): {remedy}"
            raise UndecodableError(wrong) from None
        low, high = int(pixels.min()), int(pixels.max())
        self._greys = min(low, self._greys[0]), max(high, self._greys[1])
        self._are_blank &= low == high
        return pixels

    def is_outdated(self, place: str) -> bool:
        """Whether an image was scaled by another range than the last one."""
        return place in self._range_of and self._range_of[place] != self.range

    def settled(self) -> dict[str, Any]:
        """Keys for the format of the payloads, so that later images are read in the same way."""
        settled: dict[str, Any] = {}
        if self.range not in (None, (0, 2**DEPTH)):
            settled["range"] = self.range
        if self.params.background != BACKGROUND:
            settled["background"] = self.params.background
        if self.params.fit != FIT:
            settled["fit"] = self.params.fit
        return settled

    def remark(self, n_images: int, remarks: Remarks) -> None:
        """Add what was done to the images to the remarks."""
        self.form.remark(remarks)
        if self.range:
            black, white = self.range
            signs = " or signs" if black < 0 else ""
            what = _SCALED.format(signs, black, self._values.brightest(white))
            remedy = "collect.depth in params.yaml sets another range"
            remarks.add("converted", len(self._range_of), what, next(iter(self._range_of)), remedy)
        for done, (action, what, remedy) in _REMARKS.items():
            remarks.note(action, list(self._places[done]), what, remedy)
        darkest, brightest = self._greys
        is_shallow = brightest - darkest <= _SHALLOW and not self._are_blank
        if is_shallow and n_images > 1:  # a single image is usually one to predict
            what = f"pictures hold values from {darkest} to {brightest} alone, of 0 to 255"
            remedy = "spread them over 0 to 255, or each counts as blank"
            remarks.add("doubtful", n_images, what, remedy=remedy)

    def _decoded(self, content: bytes | np.ndarray, place: str) -> Image.Image:
        if isinstance(content, np.ndarray):
            image = Image.fromarray(content)
            size = self.form.see_size(content.shape, place)
            return self._to_form(image, size, image.size, place)
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if getattr(image, "is_animated", False):
            self._places["frames"][place] = None
        if image_values.is_cut_to_8_bits(image, content):
            done = "deep colour" if image.format in ("PNG", "TIFF") else "deep"
            self._places[done][place] = None
        if image_values.has_unread_channels(image):
            self._places["channels"][place] = None
        if image.format not in _DRAFTED:
            image.load()  # this also turns TIFF files
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
        if turn is not None:
            self._places["turned"][place] = None
        if image.mode in _OTHER_COLOURS:
            self._places["other colours"][place] = None
        is_swapped = turn in _SWAPPING
        size = self.form.see_size(image.size if is_swapped else image.size[::-1], place)
        size = size[::-1] if is_swapped else size  # the size before the image is turned
        extent = image_form.draft(image, size)
        values = image_values.deep(image)
        if values is not None:
            image = self._of_8_bits(image, values, place)
        if image.has_transparency_data:
            image = self._on_background(image, place)
        image = self._to_form(image, size, extent, place)
        return image if turn is None else image.transpose(turn)

    def _of_8_bits(self, image: Image.Image, values: np.ndarray, place: str) -> Image.Image:
        """A grey image of 8 bits, scaled from `values` (height, width)."""
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        if finite.size < values.size:
            self._places["not finite"][place] = None
        self._values.add(finite)
        black, white = self._values.range(self.params.depth)
        self.range = (black, white)
        self._range_of[place] = self.range
        if finite.size and (finite.min() < black or finite.max() > white):
            self._places["beyond"][place] = None
        share = (values.astype(np.float64) - black) / (white - black)
        scaled = np.floor((share * 256).clip(0, 255))
        scaled = 255 - scaled if image_values.is_inverted(image) else scaled
        grey = Image.fromarray(np.nan_to_num(scaled, nan=0.0).astype(np.uint8))
        if "transparency" in image.info:
            is_opaque = (values != image.info["transparency"]).astype(np.uint8) * _OPAQUE
            grey = Image.merge("LA", (grey, Image.fromarray(is_opaque)))
        return grey

    def _on_background(self, image: Image.Image, place: str) -> Image.Image:
        """The image over the background, if some of it is transparent."""
        if image.mode in ("La", "RGBa"):  # premultiplied alpha; Pillow converts "La" only to "LA"
            image = image.convert(image.mode.upper())
        colours = image.convert("RGBA")
        if colours.getchannel("A").getextrema()[0] == _OPAQUE:
            return image
        self._places["transparent"][place] = None
        below = Image.new("RGBA", image.size, self._background)
        flat = Image.alpha_composite(below, colours).convert("RGB")
        is_grey = image.mode in _GREY_MODES and self.form.channels != COLOUR
        return flat.convert("L") if is_grey else flat

    def _to_form(self, image: Image.Image, size: Size, extent: Extent, place: str) -> Image.Image:
        """The image with the channels and the size of all images so far."""
        channels_of_image = 1 if image.mode in _GREY_MODES else COLOUR
        channels = self.form.see_channels(channels_of_image, place)
        if channels < channels_of_image:
            self._places["to grey"][place] = None
        if image.mode == "LAB":  # Pillow converts it only to RGB
            image = image.convert("RGB")
        if image.mode != _MODES[channels]:
            image = image.convert(_MODES[channels])
        return image_form.fitted(image, size, extent, self.params)


def _wrong(error: Exception, content: bytes | np.ndarray) -> tuple[str, str]:
    """Why a picture cannot be decoded, and what to do."""
    remedy = "replace it or take it out"
    if not len(content):
        return "not a picture: it is empty", remedy
    if not isinstance(error, Image.UnidentifiedImageError):
        return str(error) or type(error).__name__, remedy
    kind = "" if isinstance(content, np.ndarray) else image_values.kind_of_tiff(content)
    if kind:
        known = "grey or RGB, in whole numbers of 8 or 16 bits, or as grey float32"
        return f"TIFF files of {kind} are not read", f"save it as {known}"
    return "not a picture in a known format", remedy
