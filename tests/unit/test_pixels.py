"""What becomes of pixels that are not plain: deep, transparent, in several frames, in rare formats."""

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.modalities import image_values, images, registry
from tests.support.raw_files import image, png_chunks

PLAIN = {"resize": None, "fit": "crop", "channels": None, "background": "white", "depth": "auto"}
RAMP = np.arange(64).reshape(8, 8)


def encoded(pixels: np.ndarray | Image.Image, form: str = "TIFF", **how: object) -> bytes:
    file = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(file, form, **how)
    return file.getvalue()


def canonical(*files: bytes, **params: object) -> tuple[np.ndarray, Remarks]:
    """The pixels (n, height, width, channels), and what was said."""
    said = Remarks()
    places = [f"{number}.png" for number in range(len(files))]
    collect = Collect.model_construct(**PLAIN | params)
    return images.canonical(files, places, collect, said)[:], said


def grey(*files: bytes, **params: object) -> np.ndarray:
    return canonical(*files, **params)[0][..., 0]


def tiff(values: np.ndarray, *, photometric: int = 1, extra: tuple[int, ...] = ()) -> bytes:
    """A TIFF of values (height, width, channels), as programs write that Pillow is not.

    `photometric`: 0 is white, 1 is black, or the values are RGB (2). `extra`: what more channels
    are: nothing that is told (0), or alpha (2).
    """
    height, width, channels = values.shape
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    numbers = {
        256: [width], 257: [height], 258: [values.dtype.itemsize * 8] * channels, 259: [1],
        262: [photometric], 273: [8], 277: [channels], 278: [height], 279: [len(content)],
        338: extra, 339: [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * channels,
    }  # fmt: skip
    tags, more = b"", b""
    told = {tag: shorts for tag, shorts in numbers.items() if shorts}
    start = 8 + len(content) + 2 + 12 * len(told) + 4  # of what does not fit into a tag
    for tag, shorts in told.items():
        packed = struct.pack(f"<{len(shorts)}H", *shorts)
        is_long = len(packed) > 4
        field = struct.pack("<I", start + len(more)) if is_long else packed.ljust(4, b"\0")
        tags += struct.pack("<HHI", tag, 3, len(shorts)) + field
        more += packed if is_long else b""
    header = b"II*\0" + struct.pack("<I", 8 + len(content))
    return header + content + struct.pack("<H", len(told)) + tags + bytes(4) + more


def test_floats_fill_the_range_of_bytes() -> None:
    first, second = RAMP / 63, np.flipud(RAMP) / 100
    pixels, said = canonical(*(encoded(part.astype(np.float32)) for part in (first, second)))
    assert np.array_equal(pixels[0, ..., 0], np.minimum(np.floor(first * 256), 255))
    assert pixels[1].max() == np.floor(0.63 * 256)
    assert len(said) == 1
    assert (said[0].action, said[0].count, said[0].example) == ("converted", 2, "0.png")
    assert "values from 0 to 1 become 0 to 255" in said[0].what
    assert said.payload_format == {"range": (0, 1)}


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.999, (0, 1)),
        (-0.7, 0.9, (-1, 1)),
        (0, 255, (0, 255)),
        (3, 60_000, (0, 65_535)),
        (0.001, 0.03, (0, 0.03)),
        (281.3, 309.9, (280, 310)),
        (-1000, 3000, (-1000, 3000)),
        (-3.1, 4.9, (-4, 5)),
        (7, 7, (0, 7)),
        (-7, -7, (-7, 1)),
        (0, 0, (0, 1)),
    ],
)
def test_the_range_of_floats(low: float, high: float, expected: tuple[float, float]) -> None:
    pixels, said = canonical(encoded(np.linspace(low, high, 64, dtype=np.float32).reshape(8, 8)))
    assert said.payload_format["range"] == pytest.approx(expected)
    assert [remark.action for remark in said] == ["converted"]
    if low < high:
        assert int(pixels.max()) - int(pixels.min()) > 120


def test_whole_numbers_that_16_bits_do_not_hold() -> None:
    pixels, said = canonical(encoded((RAMP * 100 - 1000).astype(np.int32)))
    assert said.payload_format["range"] == (-1000, 6000)
    assert len(np.unique(pixels)) == 64


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG2000"])
def test_all_16_bits_keep_the_upper_8(form: str) -> None:
    values = (RAMP * 1040).astype(np.uint16)
    pixels, said = canonical(encoded(values, form))
    assert np.array_equal(pixels[0, ..., 0], values >> 8)
    assert "values from 0 to 65535" in said[0].what
    assert said.payload_format == {}  # so that the format, and its bytes, are those of plain pixels


def test_big_endian() -> None:
    values = (RAMP * 1040).astype(np.uint16)
    picture = Image.frombytes("I;16B", (8, 8), values.astype(">u2").tobytes())
    assert np.array_equal(grey(encoded(picture))[0], values >> 8)


def test_12_bits_keep_their_upper_8_even_if_the_first_file_is_dark() -> None:
    dark, bright = (RAMP * 4).astype(np.uint16), (RAMP * 65).astype(np.uint16)
    files = [encoded(values, "PNG") for values in (dark, bright)]
    pixels, said = canonical(*files)
    assert np.array_equal(pixels[..., 0], np.stack([dark, bright]) >> 4)
    assert said.payload_format == {"range": (0, 4096)}
    assert "values from 0 to 4095 become 0 to 255" in said[0].what
    assert [remark.count for remark in said] == [2]
    assert np.array_equal(grey(files[0])[0], dark)  # 8 bits, where the batch uses no more


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(
        InputError, match=r"0\.png cannot be decoded \(not a picture: it is empty\): replace it"
    ):
        canonical(b"")


def test_a_depth_that_is_given() -> None:
    pixels, said = canonical(encoded((RAMP * 65).astype(np.uint16), "PNG"), depth=10)
    assert np.array_equal(pixels[0, ..., 0], (RAMP * 65).clip(0, 1023) >> 2)
    assert [remark.action for remark in said] == ["converted", "cut"]
    assert "beyond the range" in said[1].what
    assert "collect.depth" in said[1].remedy
    between = grey(encoded((RAMP / 63).astype(np.float32)), depth=(0.0, 2.0))
    assert between.max() == 128


def test_deep_and_plain_files_in_one_batch() -> None:
    plain, deep = RAMP.astype(np.uint8), (RAMP * 65).astype(np.uint16)
    pixels, said = canonical(encoded(plain, "PNG"), encoded(deep, "PNG"))
    assert np.array_equal(pixels[0, ..., 0], plain)
    assert np.array_equal(pixels[1, ..., 0], deep >> 4)
    assert said[0].count == 1


def test_values_that_are_no_numbers() -> None:
    values = (RAMP / 63).astype(np.float32)
    values[0, :2] = np.nan, np.inf
    pixels, said = canonical(encoded(values))
    assert pixels[0, 0, 0] == 0
    assert pixels[0, 7, 7] == 255
    assert "no numbers" in said[1].what
    (blank,) = grey(encoded(np.full((8, 8), np.nan, np.float32)))
    assert not blank.any()


@pytest.mark.parametrize(
    ("channels", "photometric", "extra", "kept"),
    [(4, 2, (0,), 3), (5, 2, (0, 0), 3), (2, 1, (0,), 1), (5, 2, (2, 0), 3)],
)
def test_channels_that_are_not_read_are_told(
    channels: int, photometric: int, extra: tuple[int, ...], kept: int
) -> None:
    values = np.dstack([np.full((8, 8), 255 - band) for band in range(channels)]).astype(np.uint8)
    if 2 in extra:
        values[..., 3] = 255  # opaque
    pixels, said = canonical(tiff(values, photometric=photometric, extra=extra))
    assert np.array_equal(pixels[0], values[..., :kept])
    assert [(remark.action, remark.count, remark.example) for remark in said] == [
        ("left out", 1, "0.png")
    ]
    assert "has channels beside grey or RGB, which are not read" in said[0].what


@pytest.mark.parametrize("extra", [(2,), ()])
def test_channels_that_are_read_are_not_told(extra: tuple[int, ...]) -> None:
    values = np.full((8, 8, 3 + len(extra)), 255, np.uint8)
    assert canonical(tiff(values, photometric=2, extra=extra))[1] == []


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_0_may_be_white(dtype: str) -> None:
    values = (RAMP[..., None] * (1 / 63 if dtype == "float32" else 4)).astype(dtype)
    black, white = (grey(tiff(values, photometric=photometric)) for photometric in (1, 0))
    assert np.array_equal(white, 255 - black)
    assert white[0, 0, 0] == 255


def test_no_number_is_black_where_0_is_white() -> None:
    values = (RAMP[..., None] / 63).astype(np.float32)
    values[0, :3, 0] = np.nan, np.inf, -np.inf
    assert grey(tiff(values, photometric=0))[0, 0, :3].tolist() == [0, 0, 255]


def test_signed_bytes_keep_their_order() -> None:
    signed = [(RAMP[..., None] - shift).astype(np.int8) for shift in (40, 10)]
    pixels, said = canonical(*map(tiff, signed))
    assert (np.diff(pixels.reshape(2, -1).astype(int)) > 0).all()
    assert pixels[1, 0, 0, 0] == pixels[0, 3, 6, 0]  # -10 in both
    assert said.payload_format == {"range": (-40, 60)}
    assert "more than 8 bits or signs: values from -40 to 60" in said[0].what
    positive = RAMP[..., None].astype(np.int8)
    assert np.array_equal(canonical(tiff(positive))[0][0], positive)


def test_32_bits_without_a_sign_keep_their_order() -> None:
    values = (RAMP[..., None] * 68_000_000).astype(np.uint32)
    pixels, said = canonical(tiff(values))
    assert (np.diff(pixels.ravel().astype(int)) > 0).all()
    assert said.payload_format["range"] == (0, 5e9)


@pytest.mark.parametrize(
    ("dtype", "channels", "kind"),
    [
        ("float64", 1, "1 channel of 64-bit floats"),
        ("float16", 1, "1 channel of 16-bit floats"),
        ("uint64", 1, "1 channel of 64-bit whole numbers"),
        ("float32", 3, "3 channels of 32-bit floats"),
    ],
)
def test_a_tiff_that_is_not_read_is_named(dtype: str, channels: int, kind: str) -> None:
    values = np.zeros((8, 8, channels), dtype)
    with pytest.raises(
        InputError, match=rf"\(TIFF files of {kind} are not read\): save it as .+float32"
    ):
        canonical(tiff(values, photometric=1 if channels == 1 else 2))


DEEP = (np.dstack([RAMP] * 3) * 1000).astype(">u2")
DEPTHS = {
    "ppm": b"P6 8 8 65535\n" + DEEP.tobytes(),
    "plain ppm": b"P3 8 8 65535\n" + " ".join(map(str, DEEP.ravel())).encode(),
    "grey sgi": struct.pack(">HBBHHHH500x", 474, 0, 2, 2, 8, 8, 1) + DEEP[::-1, :, 0].tobytes(),
    "cmyk": tiff(np.dstack([65_535 - DEEP, DEEP[..., :1] * 0]).astype(np.uint16), photometric=5),
}


@pytest.mark.parametrize("name", DEPTHS)
def test_depth_that_is_lost_is_told(name: str) -> None:
    pixels, said = canonical(DEPTHS[name])
    assert np.abs(pixels[0].astype(int) - DEEP[..., : pixels.shape[3]] / 257).max() <= 1
    assert sum("bits" in remark.what and "keeps the upper 8" in remark.what for remark in said) == 1


def test_depth_that_headers_tell() -> None:
    """Pillow reads such files and writes none, so headers of 8 bits are changed."""
    picture = Image.new("RGB", (16, 16))
    for form, mark, place, bits in (
        ("JPEG2000", b"\xff\x4f\xff\x51", 42, 15),
        ("AVIF", b"av1C", 6, 0x4C),
    ):
        if form == "AVIF" and not features.check("avif"):
            continue
        content = bytearray(encoded(picture, form))
        opened = Image.open(io.BytesIO(content))
        assert not image_values.is_cut_to_8_bits(opened, bytes(content))
        content[content.find(mark) + place] = bits
        assert image_values.is_cut_to_8_bits(opened, bytes(content))


@pytest.mark.parametrize("form", ["PPM", "SGI", "BMP", "TGA", "PNG", "TIFF"])
def test_8_bits_lose_no_depth(form: str) -> None:
    assert canonical(encoded(Image.new("RGB", (8, 8), "red"), form))[1] == []


def test_pictures_that_use_next_to_no_greys_are_told() -> None:
    maps = [encoded((RAMP % (2 + number)).astype(np.uint8), "PNG") for number in range(3)]
    said = canonical(*maps)[1]
    assert [(remark.action, remark.count) for remark in said] == [("doubtful", 3)]
    assert said[0].what == "pictures hold values from 0 to 3 alone, of 0 to 255"
    assert canonical(*maps, encoded(RAMP.astype(np.uint8), "PNG"))[1] == []
    assert canonical(image(0), image(1))[1] == []  # these are blank, which is found later
    assert canonical(maps[0])[1] == []


def drawing(mode: str) -> Image.Image:
    """A black dot on transparent ground that is black, too."""
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    picture.putpixel((2, 3), (0, 0, 0, 255))
    return picture.convert(mode)


def with_palette() -> Image.Image:
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 0, 0, 0])
    picture.putpixel((2, 3), 0)
    return picture


TRANSPARENT = {
    "RGBA": encoded(drawing("RGBA"), "PNG"),
    "LA": encoded(drawing("LA"), "PNG"),
    "tiff": encoded(drawing("RGBA"), "TIFF"),
    "webp": encoded(drawing("RGBA"), "WEBP", lossless=True, exact=True),
    "tga": encoded(drawing("RGBA"), "TGA"),
    "palette": encoded(with_palette(), "PNG", transparency=1),
    "palette with shares": encoded(with_palette(), "PNG", transparency=b"\xff\0"),
    "gif": encoded(with_palette(), "GIF", transparency=1),
    "one grey": encoded(np.where(RAMP == 26, 0, 9).astype(np.uint8), "PNG", transparency=9),
    "one deep grey": encoded(
        np.where(RAMP == 26, 0, 900).astype(np.uint16), "PNG", transparency=900
    ),
    "one colour": encoded(
        Image.fromarray(np.where(RAMP == 26, 0, 9).astype(np.uint8)).convert("RGB"),
        "PNG",
        transparency=(9, 9, 9),
    ),
}


@pytest.mark.parametrize("name", TRANSPARENT)
def test_what_is_transparent_shows_the_background(name: str) -> None:
    pixels, said = canonical(TRANSPARENT[name])
    expected = np.where(RAMP == 26, 0, 255)
    assert (pixels[0] == expected[..., None]).all()
    assert "transparent" in said[-1].what
    assert said[-1].count == 1
    red, said = canonical(TRANSPARENT[name], background="#ff0000", channels=3)
    assert red[0, 0, 0].tolist() == [255, 0, 0]
    assert red[0, 3, 2].tolist() == [0, 0, 0]
    assert said.payload_format["background"] == "#ff0000"


def test_half_transparent() -> None:
    half = Image.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert abs(int(grey(encoded(half, "PNG"), channels=1)[0, 0, 0]) - 127) <= 1


def test_opaque_pictures_are_as_they_were() -> None:
    colours = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=2).astype(np.uint8)
    alpha = np.full((8, 8, 1), 255, np.uint8)
    pixels, said = canonical(encoded(np.concatenate([colours, alpha], axis=2), "PNG"))
    assert np.array_equal(pixels[0], colours)
    assert said == []


def test_unknown_colour() -> None:
    with pytest.raises(InputError, match=r"params\.yaml: collect\.background: 'whit' is no colour"):
        canonical(image(), background="whit")


@pytest.mark.parametrize("form", ["GIF", "TIFF", "PNG", "WEBP", "MPO"])
def test_the_first_of_several_frames(form: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    several = encoded(first, form, save_all=True, append_images=[second])
    pixels, said = canonical(several, encoded(first, "PNG"))
    assert pixels[0].reshape(-1, 3).mean(axis=0) == pytest.approx([255, 0, 0], abs=3)
    assert [(remark.action, remark.count) for remark in said] == [("left out", 1)]


def test_deep_colours_are_told() -> None:
    row = b"\0" + struct.pack(">6H", *range(0, 6000, 1000))
    file = png_chunks(
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(row * 2))
    )
    pixels, said = canonical(file)
    assert pixels[0, 0].tolist() == [[0, 3, 7], [11, 15, 19]]
    assert "colour picture of 16 bits" in said[0].what


def test_rare_modes() -> None:
    red = Image.new("RGB", (8, 8), "red")
    for mode in ("LAB", "CMYK", "YCbCr"):
        found = grey(encoded(red.convert(mode)), channels=1)
        assert found.mean() == pytest.approx(76, abs=3), mode  # 299 / 1000 of 255
    assert grey(encoded(Image.new("1", (8, 8), 1), "TIFF")).min() == 255


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("AVIF", ".avif"),
        ("JPEG2000", ".jp2"),
        ("TGA", ".tga"),
        ("PCX", ".pcx"),
        ("QOI", ".qoi"),
        ("DDS", ".dds"),
        ("SGI", ".sgi"),
        ("DIB", ".dib"),
        ("PPM", ".pnm"),
    ],
)
def test_formats(form: str, suffix: str) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    (pixels,), _ = canonical(encoded(Image.new("RGB", (16, 16), (200, 60, 20)), form))
    assert pixels.reshape(-1, 3).mean(axis=0) == pytest.approx([200, 60, 20], abs=4)
    assert registry.modality_of_file(f"a/b{suffix.upper()}") == "image"


def test_a_float_map() -> None:
    file = encoded((RAMP / 63).astype(np.float32), "PPM")
    assert file.startswith(b"Pf")
    assert grey(file).max() == 255


def test_a_picture_runs_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gs").write_text(f"#!/bin/sh\necho run > {tmp_path}/run\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    eps = encoded(Image.new("RGB", (8, 8)), "EPS")
    with pytest.raises(InputError, match=r"0\.png cannot be decoded .*not a picture in a known"):
        canonical(eps)
    assert not (tmp_path / "run").exists()


DAMAGED = {
    "dds": re.sub(
        b"^(.{80}).{8}",
        lambda header: header[1] + b"\4\0\0\0XXXX",
        encoded(Image.new("RGB", (8, 8)), "DDS"),
        flags=re.DOTALL,
    ),
    "dds, cut": encoded(Image.new("RGB", (8, 8)), "DDS")[:100],
    "avif, cut": encoded(Image.new("RGB", (64, 64), "red"), "AVIF")[:250],
    "avif, no more than its name": b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
    "spider": encoded(RAMP.astype(np.float32), "SPIDER"),
    "jpeg 2000, cut": encoded(Image.new("RGB", (64, 64), "red"), "JPEG2000")[:120],
    "webp, cut": encoded(Image.new("RGB", (64, 64), "red"), "WEBP")[:40],
    "tiff without a page": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_one_line(name: str) -> None:
    with pytest.raises(InputError, match=r"^0\.png cannot be decoded \(.+\): replace it"):
        canonical(DAMAGED[name])


def test_a_file_to_predict_is_read_as_its_batch_was(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.png", {"shape": [8, 8, 1]}
    values = (RAMP * 4).astype(np.uint16)
    path.write_bytes(encoded(values, "PNG"))
    for payload_format, shift in ((plain, 8), (plain | {"range": [0, 1024]}, 2)):
        said = Remarks()
        _, (pixels,) = images.read_file(path, payload_format, said)
        assert np.array_equal(pixels[..., 0], values >> shift)
    path.write_bytes(TRANSPARENT["RGBA"])
    for payload_format, ground in ((plain, 255), (plain | {"background": "black"}, 0)):
        _, (pixels,) = images.read_file(path, payload_format, said)
        assert pixels[0, 0, 0] == ground


def test_what_cannot_be_read_is_known_by_name() -> None:
    assert (
        registry.unreadable("a/IMG_1.HEIC")
        == ".heic files cannot be read: save them as PNG or JPEG"
    )
    assert "WAV or FLAC" in registry.unreadable("x.m4a")
    assert registry.unreadable("a.png") is None
    assert registry.unreadable("notes.txt") is None
    assert registry.unreadable("README") is None


def test_what_changes_in_every_picture_of_a_kind_is_said() -> None:
    colours = np.dstack([RAMP, RAMP, RAMP]).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter of a turn
    turned = encoded(Image.fromarray(colours), "JPEG", exif=exif)
    inks = encoded(Image.fromarray(colours).convert("CMYK"), "JPEG")
    _, said = canonical(turned, inks, channels=1)
    assert [(remark.action, remark.count, remark.example) for remark in said] == [
        ("converted", 1, "0.png"),
        ("converted", 1, "1.png"),
        ("converted", 2, "0.png"),
    ]
    whats = " ".join(remark.what for remark in said)
    assert re.search("turned as EXIF says|turned as", whats)
    assert "CMYK" in whats
    assert "become grey" in whats
    assert "collect." not in whats  # in predict, the encoder decides


def test_all_damaged_files_are_told_of() -> None:
    good = encoded(Image.new("L", (8, 8)))
    raw = [good, b"no picture", good, *[b""] * 22]
    wrong = r"^1\.png cannot be decoded \(.+\): replace .+; 22 more cannot be read: 3\.png, .+, "
    with pytest.raises(InputError, match=rf"{wrong}22\.png and 2 more$"):
        canonical(*raw)
