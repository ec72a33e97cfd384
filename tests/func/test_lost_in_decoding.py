"""Whatever decoding loses is said once, stands in a file, and later batches fit or are refused."""

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from assay.contract import files, parquet_files, paths
from assay.modalities import registry
from tests.support import tiny_bert
from tests.support.raw_files import image
from tests.support.workspace import Workspace

RATE = 8000


def sound(seconds: float, seed: int = 0) -> bytes:
    file = io.BytesIO()
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * RATE))
    soundfile.write(file, samples, RATE, format="WAV")
    return file.getvalue()


def sounds(seconds: float) -> dict[str, str | bytes]:
    return {f"{label}/{number}.wav": sound(seconds, number) for number, label in enumerate("aabb")}


def deep(bits: int) -> dict[str, str | bytes]:
    """Pictures of 16 bits that use some of them."""
    contents: dict[str, str | bytes] = {}
    for number, label in enumerate("aabb"):
        values = np.linspace(number, 2**bits - 1, 64).astype(np.uint16).reshape(8, 8)
        file = io.BytesIO()
        Image.fromarray(values).save(file, "PNG")
        contents[f"{label}/{number}.png"] = file.getvalue()
    return contents


def shallow() -> dict[str, str | bytes]:
    """Pictures of 8 bits that use them all."""
    contents: dict[str, str | bytes] = {}
    for number, label in enumerate("aabb"):
        values = np.linspace(number, 255, 64).astype(np.uint8).reshape(8, 8)
        file = io.BytesIO()
        Image.fromarray(values).save(file, "PNG")
        contents[f"{label}/{number}.png"] = file.getvalue()
    return contents


def collected(workspace: Workspace, raw: dict[str, str | bytes], batch: str = "b") -> list[dict]:
    """The remarks in summary.json that are about what was decoded."""
    workspace.raw(raw, batch)
    said = workspace.done(f"collect@{batch}")
    remarks = files.read_json(paths.summary(batch))["remarks"]
    for remark in remarks:
        assert said.count(f"{remark['action']}: {remark['count']} {remark['what']}") == 1
    return remarks


def refused(workspace: Workspace, stage: str) -> str:
    """The one line with which a stage ends."""
    result = workspace.run(stage)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    return line


def payloads(batch: str) -> np.ndarray:
    path = paths.examples(batch)
    payload_format = parquet_files.read_payload_format(path)
    return np.concatenate(list(registry.payloads(path, 10, payload_format)))


def pretend_encoder(workspace: Workspace, batch: str) -> None:
    """An encoder that was learned from a batch, as far as `embed` reads its description."""
    workspace.done(f"sample@{batch}")
    files.write_json(paths.ENCODER_INFO, parquet_files.read_payload_format(paths.sample(batch)))


def test_a_later_batch_of_longer_sounds(workspace: Workspace) -> None:
    guess, resampled = collected(workspace, sounds(0.9))
    assert (guess["action"], resampled["action"]) == ("guessed", "converted")
    assert payloads("b").shape == (4, 16_000)
    collected(workspace, sounds(2.6), "c")
    pretend_encoder(workspace, "b")
    line = refused(workspace, "embed@c")
    assert "shape is [48000], but the encoder was learned from [16000]" in line
    assert line.endswith("or set collect.seconds: 1 in params.yaml")
    workspace.done("sample@c")
    assert "or set collect.seconds: 1 in" in refused(workspace, "pretrain")

    before = paths.examples("b").read_bytes()
    workspace.set("collect.seconds", 1.0)
    said = workspace.done("collect@b") + workspace.done("collect@c")
    assert "cut: 4 of 4 sounds are longer than 1 s (6.4 s in all)" in said
    assert payloads("c").shape == (4, 16_000)
    assert paths.examples("b").read_bytes() == before  # so nothing after it runs again


def test_batches_of_one_source_get_one_length(workspace: Workspace) -> None:
    for batch, seconds in (("b", 1.3), ("c", 1.9)):
        collected(workspace, sounds(seconds), batch)
    assert payloads("b").shape == payloads("c").shape == (4, 32_000)


def test_a_later_batch_of_other_depth(workspace: Workspace) -> None:
    collected(workspace, deep(12))
    assert payloads("b").max() == 255
    collected(workspace, deep(16), "c")
    assert "range" not in files.read_json(paths.summary("c"))
    pretend_encoder(workspace, "b")
    workspace.done("sample@c")
    line = refused(workspace, "embed@c")
    assert "range is None, but the encoder was learned from [0, 4096]" in line
    assert "collect.depth: [0, 4096]" in line
    assert "collect.depth: [0, 4096] in" in refused(workspace, "pretrain")
    workspace.set("collect.depth", 16)
    for batch in "bc":
        workspace.done(f"collect@{batch}")
        workspace.done(f"sample@{batch}")
    assert payloads("b").max() == 15
    pretend_encoder(workspace, "b")
    assert "encoder.onnx is missing" in refused(workspace, "embed@c")  # it fits


@pytest.mark.parametrize("first", [8, 12])
def test_a_batch_of_8_bits_beside_one_of_more(workspace: Workspace, first: int) -> None:
    """`collect.depth` cannot help: it leaves 8 bits alone, and 16 makes 12 bits nearly black."""
    collected(workspace, shallow() if first == 8 else deep(12))
    collected(workspace, deep(12) if first == 8 else shallow(), "c")
    pretend_encoder(workspace, "b")
    line = refused(workspace, "embed@c")
    assert ", save all pictures with one depth, or, if none has 8 bits, set collect.depth: " in line
    of_12_bits = "c" if first == 8 else "b"
    for name, content in shallow().items():
        workspace.write(f"data/raw/{of_12_bits}/{name}", content)
    for batch in "bc":
        workspace.done(f"collect@{batch}")
        assert payloads(batch).max() > 250
    pretend_encoder(workspace, "b")
    assert "encoder.onnx is missing" in refused(workspace, "embed@c")  # it fits


def test_one_depth_for_two_batches_of_one_camera(workspace: Workspace) -> None:
    workspace.set("collect.depth", [0, 4096])
    for batch, bits in (("b", 12), ("c", 11)):
        collected(workspace, deep(bits), batch)
    assert payloads("b").max() == 255
    assert payloads("c").max() == 127


def test_background_is_part_of_the_format(workspace: Workspace) -> None:
    workspace.set("collect.background", "navy")
    drawing = image((0, 0, 0, 0), mode="RGBA")
    (remark,) = [
        r for r in collected(workspace, {"a/1.png": drawing}) if "transparent" in r["what"]
    ]
    assert remark["example"] == "data/raw/b/a/1.png"
    assert payloads("b")[0, 0, 0].tolist() == [0, 0, 128]
    collected(workspace, {"a/1.png": image(1, mode="RGB")}, "c")
    pretend_encoder(workspace, "c")
    assert "encoder.onnx is missing" in refused(workspace, "embed@b")


def test_files_that_become_equal_are_reported(workspace: Workspace) -> None:
    workspace.set("collect.resize", [1, 1])
    drawings = {}
    for number in range(8):
        picture = Image.new("L", (8, 8), 255)
        picture.putpixel((number, number), 0)
        file = io.BytesIO()
        picture.save(file, "PNG")
        drawings[f"{'ab'[number % 2]}/{number}.png"] = file.getvalue()
    remarks = collected(workspace, drawings)
    (doubt,) = [remark for remark in remarks if "once decoded" in remark["what"]]
    assert (doubt["action"], doubt["count"]) == ("doubtful", 4)  # each is the mirror image of one
    assert " and " in doubt["example"]
    assert "collect.resize" in doubt["remedy"]


@pytest.mark.parametrize(
    "copies",
    [
        {"a/1.png": image(7), "b/1.png": image(7), "b/2.png": image(8)},  # the same bytes
        {f"a/{n}.png": image(n) for n in range(100)} | {"b/1.bmp": image(7, form="BMP")},  # a few
    ],
)
def test_ordinary_copies_are_not_doubtful(workspace: Workspace, copies: dict[str, Any]) -> None:
    remarks = collected(workspace, copies)
    assert not [remark for remark in remarks if "once decoded" in remark["what"]]


def test_texts_that_an_encoder_cuts(workspace: Workspace) -> None:
    words = ["where", "is", "my", "card", "?"]
    tiny = workspace.root / paths.PRETRAINED / "tiny"
    tiny.mkdir(parents=True)
    tiny_bert.save(tiny, ["where", "is", "my", "card", "?"])
    texts = [" ".join(words[: 1 + row % 5] * (1 if row < 15 else 9)) for row in range(20)]
    table = "label,split,text\n" + "".join(
        f"{'ab'[row % 2]},train,{t} {row}\n" for row, t in enumerate(texts)
    )
    workspace.raw({"examples.csv": table})
    workspace.set("pretrain.batches", ["b"])
    workspace.set("pretrain.encoder", "tiny")
    for stage in ("collect@b", "sample@b"):
        workspace.done(stage)
    said = workspace.done("pretrain")
    (remark,) = files.read_json(paths.ENCODER_INFO)["remarks"]
    assert remark["action"] == "cut"
    assert f"assay: {paths.ENCODER}: cut: {remark['count']} of 20 texts (" in said
    assert remark["count"] == 4  # those of 18 words and more; of the others, none has 15
    assert "have more than 16 tokens" in remark["what"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seconds", 1e-9),
        ("seconds", "long"),
        ("depth", 3),
        ("depth", [4095, 0]),
        ("background", "rgb(1, 2"),
        ("background", "#12"),
    ],
)
def test_parameters_that_mean_nothing(workspace: Workspace, key: str, value: object) -> None:
    workspace.raw({"a/1.png": image()})
    workspace.set(f"collect.{key}", value)
    line = refused(workspace, "collect@b")
    assert line.startswith("assay: params.yaml: collect")
    assert key in line
