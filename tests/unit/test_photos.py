"""Photographs of ordinary sizes: brought to one size, turned, decoded at a reduced scale, streamed, shown."""

import base64
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from assay.contract import parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect
from assay.contract.stored_rows import StoredRows
from assay.modalities import images
from stages import sample
from tests.support.raw_files import image

DEFAULT = {"resize": "auto", "fit": "crop", "channels": None, "background": "white"}
QUADRANTS = np.kron([[0, 80], [160, 240]], np.ones((150, 200))).astype(np.uint8)  # 300 x 400


def encoded(pixels: np.ndarray | Image.Image, form: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(file, form, **how)
    return file.getvalue()


def turned(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, "JPEG", quality=95, exif=exif)


def canonical(*files: bytes, **params: object) -> tuple[np.ndarray, Remarks]:
    said, places = Remarks(), [f"{number}.jpg" for number in range(len(files))]
    collect = Collect.model_construct(**DEFAULT | {"depth": "auto"} | params)
    return images.canonical(files, places, collect, said)[:], said


@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_small_size_stays(n: int) -> None:
    files = [image(value, (128, 100)) for value in range(n)]
    pixels, said = canonical(*files)
    assert pixels.shape == (n, 100, 128, 1)
    assert said == []
    assert said.payload_format == {}


@pytest.mark.parametrize(
    "sizes", [[(129, 100)], [(8, 8), (9, 8)], [(8, 8), (8, 8), (8, 9), (8, 8)]]
)
def test_other_sizes_become_a_square(sizes: list) -> None:
    files = [image(7, size) for size in sizes]
    pixels, said = canonical(*files)
    assert pixels.shape == (len(sizes), 64, 64, 1)
    assert (pixels == 7).all()
    n_squares = sum(width == height for width, height in sizes)  # of the same aspect, so not cut
    counts = {"converted": n_squares, "cut": len(sizes) - n_squares}
    expected = [(action, count) for action, count in counts.items() if count]
    assert [(remark.action, remark.count) for remark in said] == expected
    assert "64 x 64 pixels (height x width), from" in said[0].what
    assert said[0].remedy.startswith("collect.resize and collect.fit")


def test_an_encoder_from_elsewhere_gets_more_pixels() -> None:
    params = Collect.model_construct(**DEFAULT, depth="auto")
    for encoder, side in ((None, 64), ("vit.onnx", 224)):
        decoded = images.canonical(
            [image(7, (300, 300))], ["a"], params.suited_to(encoder), Remarks()
        )
        assert decoded.shape == (1, side, side, 1)


def test_where_all_must_have_one_size() -> None:
    with pytest.raises(InputError, match=r"1\.jpg is 8 x 9 pixels, but 0\.jpg 8 x 8 .* to auto or"):
        canonical(image(size=(8, 8)), image(size=(9, 8)), resize=None)
    assert canonical(image(size=(200, 300)), resize=None)[0].shape == (1, 300, 200, 1)


@pytest.mark.parametrize("colour_first", [True, False])
def test_one_picture_in_colour_makes_all_so(colour_first: bool) -> None:
    grey, red = [image(9)] * 3, image((200, 0, 0), mode="RGB")
    pixels, said = canonical(*([red, *grey] if colour_first else [*grey, red]), resize=None)
    assert pixels.shape == (4, 8, 8, 3)
    assert sorted(pixels[:, 0, 0].tolist()) == [[9] * 3] * 3 + [[200, 0, 0]]
    assert [(remark.action, remark.count) for remark in said] == [("converted", 3)]
    assert canonical(*grey, resize=None)[0].shape == (3, 8, 8, 1)


def test_fit() -> None:
    file = encoded(QUADRANTS)
    (cut,), said = canonical(file)
    assert (said[0].action, said.payload_format) == ("cut", {})
    assert cut[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist() == [0, 80, 160, 240]
    (padded,), said = canonical(file, fit="pad", background="#0a0a0a")
    assert (said[0].action, said.payload_format["fit"]) == ("converted", "pad")
    assert (padded[[0, 7, -8, -1]] == 10).all()
    assert padded[[8, 8, -9, -9], [0, -1, 0, -1], 0].tolist() == [0, 80, 160, 240]
    (stretched,), said = canonical(file, fit="stretch", resize=(30, 80))
    assert stretched.shape == (30, 80, 1)
    assert stretched[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist() == [0, 80, 160, 240]
    assert "stretched" in said[0].what


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    """All show the same once turned, also where a JPEG is decoded at a quarter of its size."""
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    upright = Image.fromarray(QUADRANTS)
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    (pixels,), _ = canonical(turned(stored, orientation), resize=(24, 36))
    corners = pixels[[1, 1, -2, -2], [1, -2, 1, -2], 0]
    assert np.abs(corners.astype(int) - [0, 80, 160, 240]).max() <= 3


@pytest.mark.parametrize("form", ["JPEG", "MPO"])
@pytest.mark.parametrize("side", [24, 64, 100])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_reduced_scale_gives_nearly_the_same_pixels(
    form: str, side: int, fit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = Image.fromarray(load_sample_image("china.jpg")).resize((1200, 801))
    file = encoded(photo, form, quality=85)
    (reduced,), _ = canonical(file, resize=(side, side), fit=fit)
    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "draft", lambda *_: None)
        patched.setattr("PIL.JpegImagePlugin.JpegImageFile.draft", lambda *_: None)
        (full,), _ = canonical(file, resize=(side, side), fit=fit)
    difference = np.abs(reduced.astype(int) - full)
    assert 0 < difference.mean() < 1
    assert difference.max() < 24


def test_cmyk_and_12_megapixels() -> None:
    large = Image.new("CMYK", (4000, 3000), (0, 255, 255, 0))
    (pixels,), said = canonical(encoded(large, "JPEG"))
    assert pixels.reshape(-1, 3).mean(axis=0) == pytest.approx([255, 0, 0], abs=3)
    assert "from 3000 x 4000, cut at two sides" in said[0].what


@pytest.mark.parametrize(
    ("fit", "action", "end"),
    [
        ("crop", "cut", "cut at two sides to fit"),
        ("pad", "converted", "filled up at two sides"),
        ("stretch", "converted", "stretched to fit"),
    ],
)
def test_only_pictures_of_another_aspect_count_as_cut(fit: str, action: str, end: str) -> None:
    files = [encoded(QUADRANTS[:20, :20])] * 5 + [encoded(QUADRANTS[:20, :22])]
    _, said = canonical(*files, fit=fit)
    start = "64 x 64 pixels (height x width), from"
    assert [(remark.action, remark.count, remark.what) for remark in said] == [
        ("converted", 5, f"pictures become {start} 20 x 20"),
        (action, 1, f"picture becomes {start} 20 x 22, {end}"),
    ]


def test_deep_grey_and_transparent_pictures() -> None:
    deep = encoded((np.kron(QUADRANTS, np.ones((2, 2))) * 257).astype(np.uint16))
    (pixels,), _ = canonical(deep)
    assert pixels[[0, 0, -1, -1], [0, -1, 0, -1], 0].tolist() == [0, 80, 160, 240]
    see_through = Image.fromarray(QUADRANTS).convert("RGBA")
    see_through.putalpha(0)
    pixels, said = canonical(encoded(see_through), encoded(see_through.convert("P")))
    assert (pixels == 255).all()
    assert [remark.count for remark in said] == [2, 2]


def test_a_file_to_predict_is_brought_to_the_size_of_its_batch(tmp_path: Path) -> None:
    files = [turned(Image.fromarray(QUADRANTS), 6), encoded(QUADRANTS[:, :250], "JPEG")]
    for fit in ("crop", "pad", "stretch"):
        batch, said = canonical(*files, fit=fit)
        kind = images.format_of(batch.shape[1:]) | said.payload_format
        for pixels, file in zip(batch, files, strict=True):
            (tmp_path / "a.jpg").write_bytes(file)
            assert np.array_equal(images.read_file(tmp_path / "a.jpg", kind, said)[1][0], pixels)


def test_pages_show_thumbnails() -> None:
    def shown(pixels: np.ndarray) -> Image.Image:
        made, kind = images.to_columns(pixels, range(len(pixels)), None, None)
        rows = pa.record_batch({"image": made["image"][:]})
        (uri,) = images.show(rows, kind)
        content = base64.b64decode(uri.partition(",")[2])
        return Image.open(io.BytesIO(content))

    assert shown(np.zeros((1, 1200, 900, 3), np.uint8)).size == (96, 128)
    small = np.arange(64 * 64, dtype=np.uint8).reshape(1, 64, 64, 1)
    assert np.array_equal(np.asarray(shown(small)), small[0, ..., 0])


def test_rows_are_stored_and_replaced() -> None:
    pixels = np.arange(5 * 6, dtype=np.int16).reshape(5, 2, 3)
    stored = StoredRows([pixels[:1, :, :1], pixels[1:]])
    stored.replace(0, pixels[0])
    assert np.array_equal(stored[:], pixels)
    assert np.array_equal(stored[np.array([4, 0])], pixels[[4, 0]])
    assert list(stored.contents()) == [row.tobytes() for row in pixels]
    assert (len(stored), stored.shape, stored.dtype) == (5, (5, 2, 3), np.int16)


def test_the_file_of_stored_rows_is_closed_with_them() -> None:
    stored = StoredRows([np.zeros((2, 3))])
    file = stored.file
    del stored
    assert file.closed


def test_large_payloads_are_written_and_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one table they give the same bytes; a row group and a block have so many bytes at most."""
    monkeypatch.chdir(tmp_path)
    n, pixels = 9000, np.random.default_rng(0).integers(255, size=(9000, 9, 9, 1)).astype(np.uint8)
    ids, split = [f"{row:032x}" for row in range(n)], np.resize(["test", "train", "train"], n)
    columns = {"id": pa.array(ids), "split": pa.array(split)}
    rows = np.arange(n)[::-1]
    stored, kind = images.to_columns(StoredRows([pixels]), rows, None, None)
    parquet_files.write_examples("b", kind, columns | stored)
    table = pa.table(columns | {"image": stored["image"][:]})
    schema = pq.read_schema(paths.examples("b"))
    options = {"compression": "zstd", "row_group_size": 4096, "use_dictionary": False}
    pq.write_table(table.cast(schema), "whole.parquet", **options)
    assert paths.examples("b").read_bytes() == Path("whole.parquet").read_bytes()

    learned_from = sample.payloads(
        paths.examples("b"), parquet_files.payload_schema(paths.examples("b")), 5000
    )
    read = pq.read_table(paths.examples("b"))
    before = read.filter(pc.not_equal(read["split"], "test")).drop_columns(["id", "split"])
    parquet_files.write_tables(paths.sample("b"), before.schema, learned_from)
    pq.write_table(before.slice(0, 5000), "sample.parquet", **options)
    assert paths.sample("b").read_bytes() == Path("sample.parquet").read_bytes()

    monkeypatch.setattr(parquet_files, "_LARGEST_GROUP", 81 * 1000)
    monkeypatch.setattr(parquet_files, "_LARGEST_BLOCK", 81 * 300)
    parquet_files.write_examples("b", kind, columns | stored)
    assert pq.ParquetFile(paths.examples("b")).metadata.num_row_groups == 9
    blocks = list(parquet_files.blocks(paths.examples("b"), 4096))
    assert max(map(len, blocks)) == 300
    assert pa.Table.from_batches(blocks)["image"].to_pylist() == table["image"].to_pylist()
