"""Payloads made by the rules of docs/predicting.md, without Assay, are those of `predict`."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from PIL import ExifTags, Image, ImageOps

from assay.contract.remarks import Remarks
from assay.modalities import registry

PAGE = Path(__file__).parents[2] / "docs/predicting.md"
SIZE = {"height": 20, "width": 30}


def typed(beginning: str, **names: object) -> dict:
    """What the code block of the page that begins so leaves behind."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if block.startswith(beginning)]
    exec(block, names)
    return names


def read(path: Path, info: dict) -> np.ndarray:
    return registry.read_file(path, info, Remarks())[1]


@pytest.mark.parametrize(("orientation", "most_apart"), [(1, 0), (6, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    channels: int,
    orientation: int,
    most_apart: int,
) -> None:
    """Turned ones are resized before they are turned, which rounds otherwise."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save("photo.png", exif=turned)
    info = {"modality": "image", "shape": [SIZE["height"], SIZE["width"], channels]}
    names = {"numpy": np, "Image": Image, "ImageOps": ImageOps, "channels": channels} | SIZE
    if channels == 1:
        by_rule = typed("image = ", **names)["payload"]
    else:
        image = ImageOps.exif_transpose(Image.open("photo.png")).convert("RGB")
        fitted = ImageOps.fit(image, (SIZE["width"], SIZE["height"]), Image.Resampling.BILINEAR)
        by_rule = np.asarray(fitted)[None]
    apart = np.abs(read(Path("photo.png"), info).astype(int) - by_rule)
    assert apart.max() <= most_apart


@pytest.mark.parametrize("limits", [None, [100, 4000]])
def test_pictures_of_more_bits(tmp_path: Path, limits: list | None) -> None:
    values = np.random.default_rng(0).integers(0, 2**16, (8, 8), np.uint16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    info = {"modality": "image", "shape": [8, 8, 1]} | ({"range": limits} if limits else {})
    low, high = limits or (0, 65536)
    by_rule = np.floor(256 * (values.astype(float) - low) / (high - low)).clip(0, 255)
    assert np.array_equal(read(tmp_path / "deep.png", info)[0, :, :, 0], by_rule)


@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_sounds(tmp_path: Path, seconds: float) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (16_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000, "FLOAT")
    length = round(seconds * 8000)
    info = {"modality": "audio", "shape": [length], "sample_rate": 8000}
    brought = np.rint(soxr.resample(samples.mean(axis=1), 16_000, 8000) * 32768)[:length]
    by_rule = np.zeros(length)
    by_rule[: len(brought)] = brought
    inner = slice(0, min(length, len(brought)) - 100)  # predict resamples no more than it keeps
    assert np.abs(read(tmp_path / "a.wav", info)[0][inner] - by_rule[inner]).max() <= 1


def test_tables(tmp_path: Path) -> None:
    features = {"size": "number", "day": "date", "plan": "category", "none": "number"}
    way = {"size": {"group": ",", "unit": "kg"}}
    (tmp_path / "a.csv").write_text(
        'size,none,day,plan\n"1,200.5 kg",,2024-02-10 12:00,gold\n"2,000 kg",1,2024-02-11,pro\n'
    )
    made = typed("number = ", numpy=np, hashlib=hashlib)
    by_rule = [made[name] for name in ("number", "date", "category", "gap")]
    row = read(tmp_path / "a.csv", {"modality": "table", "features": features, "written": way})[0]
    assert np.array_equal(row, by_rule, equal_nan=True)
