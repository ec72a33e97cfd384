"""Bring all images of a batch to one size and one number of channels."""

from collections.abc import Sequence

from PIL import Image

from assay.contract.errors import InputError
from assay.contract.remarks import Action, Remarks
from assay.contract.sections import Collect

Size = tuple[int, int]  # height and width in pixels
Extent = tuple[float, float]  # width and height in pixels of an image, as Pillow has them
FIT = "crop"  # the `collect.fit` of images if their format names no other
COLOUR = 3  # channels; colour images count as photographs, which may be mirrored
_SMALL = 128  # pixels of a side: `resize: auto` makes larger images smaller
_SPARE = 2  # a JPEG is decoded at no less than so many times the wanted size
_ENDS: dict[str, tuple[Action, str]] = {
    "": ("converted", ""),
    "crop": ("cut", ", cut at two sides to fit"),
    "pad": ("converted", ", filled up at two sides"),
    "stretch": ("converted", ", stretched to fit"),
}


class Form:
    """The size and the channels of all images of a batch.

    Each image may change them: the size with `resize: auto`, the channels if none are set.

    Attributes
    ----------
    size, channels : of all images; None before the first image if `params` do not set them
    """

    def __init__(self, params: Collect) -> None:
        self.params = params
        self.size = params.resize if isinstance(params.resize, tuple) else None
        self.channels: int | None = params.channels
        self._is_final = self.size is not None
        self._first = ""  # the place of the first image
        # by place, in order: images that get another size, and grey images that become colour
        self._size_of: dict[str, Size] = {}
        self._grey: dict[str, None] = {}

    def see_size(self, size: Size, place: str) -> Size:
        """The size of all images, after one more image of this `size`.

        Raises
        ------
        InputError
            If its size differs from the first, and `resize` is None.
        """
        if not self._is_final and size != self.size:
            if self.params.resize is None and self.size:
                differ = f"{place} is {_words(size)} pixels, but {self._first} {_words(self.size)}"
                remedy = "set collect.resize in params.yaml to auto or to [height, width]"
                raise InputError(f"{differ} (height x width): {remedy}")
            if self.params.resize == "auto" and (self.size or max(size) > _SMALL):
                self.size = (self.params.auto_side, self.params.auto_side)
                self._is_final = True
            else:
                self.size = size
            self._first = self._first or place
        wanted = self.size or size
        if size != wanted:
            self._size_of[place] = size
        return wanted

    @property
    def agreed(self) -> tuple[Size | None, int | None]:
        """The size and the channels. Images that were decoded to others must be decoded again."""
        return self.size, self.channels

    def see_channels(self, channels: int, place: str) -> int:
        """The channels of all images after one more. One colour image makes all images colour."""
        self.channels = self.params.channels or max(self.channels or channels, channels)
        if channels < self.channels:
            self._grey[place] = None
        return self.channels

    def remark(self, remarks: Remarks) -> None:
        """Add what was done to the images to the remarks."""
        if self.size:
            sizes = self._size_of.items()
            alike = {place: size for place, size in sizes if has_ratio(size, self.size)}
            others = {place: size for place, size in sizes if place not in alike}
            _remark_on_sizes(remarks, self.size, alike, "")
            _remark_on_sizes(remarks, self.size, others, self.params.fit)
        what = f"grey pictures become colour{'' if self.params.channels else ', as others are'}"
        remedy = "collect.channels: 1 in params.yaml makes all grey"
        remarks.note("converted", list(self._grey), what, remedy)


def has_ratio(size: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether a size (height, width) has the wanted aspect ratio: nothing is cut or padded."""
    return size[0] * wanted[1] == size[1] * wanted[0]


def _remark_on_sizes(remarks: Remarks, wanted: Size, size_of: dict[str, Size], fit: str) -> None:
    """Add a remark on images, given by place, that were brought from these sizes to another."""
    if not size_of:
        return
    action, end = _ENDS[fit]
    sizes = sorted(set(size_of.values()), key=lambda size: (size[0] * size[1], size))
    span = " to ".join(_words(size) for size in dict.fromkeys((sizes[0], sizes[-1])))
    what = f"pictures become {_words(wanted)} pixels (height x width), from {span}{end}"
    remedy = "collect.resize and collect.fit in params.yaml set how"
    remarks.note(action, list(size_of), what, remedy)


def _words(size: Size) -> str:
    return f"{size[0]} x {size[1]}"


def draft(image: Image.Image, size: Size) -> Extent:
    """Let a JPEG that is larger than needed be decoded at 1/2, 1/4 or 1/8 of its size.

    This is faster: libjpeg transforms only a part of each block of frequencies. The decoded image
    has at least `_SPARE` times the wanted size, so the pixels after `fitted` are nearly the same:
    less than 1 of 255 apart on average for photographs (tests/unit/test_photos.py).

    Returns
    -------
    The exact size of the picture; the decoded image is rounded up to whole pixels
    """
    least = _SPARE * size[1], _SPARE * size[0]
    is_larger = min(image.width // least[0], image.height // least[1]) > 1
    drafted = image.draft(None, least) if is_larger else None
    return drafted[1][2:] if drafted else image.size


def fitted(image: Image.Image, size: Size, extent: Extent, params: Collect) -> Image.Image:
    """The image in another size, antialiased: Pillow uses wider filters for smaller results.

    Parameters
    ----------
    extent : the exact size of the picture in the image, see `draft`
    params : `fit` is for another aspect ratio: `crop` takes the centre, `pad` adds `background`,
        and `stretch` distorts the image
    """
    height, width = size
    bilinear = Image.Resampling.BILINEAR
    if image.size == (width, height):
        return image
    across = extent[0] / width  # pixels of the picture for one pixel of the result
    down = extent[1] / height
    if params.fit == "pad" and across != down:
        scale = max(across, down)
        inner_width = max(1, round(extent[0] / scale))
        inner_height = max(1, round(extent[1] / scale))
        padded = Image.new(image.mode, (width, height), params.background)
        shrunk = image.resize((inner_width, inner_height), bilinear, (0, 0, *extent))
        padded.paste(shrunk, ((width - inner_width) // 2, (height - inner_height) // 2))
        return padded
    left = top = 0.0  # pixels that are cut at each side
    if params.fit == "crop":
        scale = min(across, down)
        left = (extent[0] - width * scale) / 2
        top = (extent[1] - height * scale) / 2
    return image.resize((width, height), bilinear, (left, top, extent[0] - left, extent[1] - top))
