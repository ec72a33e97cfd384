"""`predict` with a release file or an input that is damaged, or of another kind; and what it prints."""

import argparse
import errno
import json
import os
import random
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from pyarrow import parquet

from assay import __main__ as program
from assay.contract import paths
from assay.contract.errors import run
from assay.contract.remarks import Remarks
from assay.modalities import registry, remarks_on_files
from tests.support.raw_files import image
from tests.unit.test_hostile_parameters import ODD, leaves, with_value

CLASSES = ["\x1b[31mred\t", "blue\u202e"]
INFO = {"classes": CLASSES, "modality": "image", "shape": [8, 8, 1]}


@pytest.fixture(autouse=True)
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that finds every picture to be of the first class."""
    monkeypatch.chdir(tmp_path)
    paths.RELEASE.mkdir()
    weights = numpy_helper.from_array(np.tile(np.float32([0.75, 0.25]) / 64, (64, 1)), "weights")
    nodes = [
        helper.make_node("Cast", ["payload"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["numbers"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["probabilities"]),
    ]
    taken = helper.make_tensor_value_info("payload", TensorProto.UINT8, ["b", 8, 8, 1])
    given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["b", 2])
    graph = helper.make_graph(nodes, "g", [taken], [given], [weights])
    opsets = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), paths.RELEASE_MODEL)
    describe(INFO)
    Path("1.png").write_bytes(image(1))


def describe(info: object) -> None:
    paths.RELEASE_INFO.write_text(json.dumps(info))


def predict(*names: str) -> None:
    run(lambda: program.predict(argparse.Namespace(files=list(map(Path, names)))))


def refused(capsys: pytest.CaptureFixture, *names: str) -> str:
    with pytest.raises(SystemExit, match="1"):
        predict(*(names or ["1.png"]))
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


def test_names_and_classes_are_cells_of_one_line(capsys: pytest.CaptureFixture) -> None:
    Path("a\tb\n\udcff.png").write_bytes(image(1))
    predict("1.png", "a\tb\n\udcff.png")
    label = r"\x1b[31mred\t"
    assert capsys.readouterr().out == (
        f"1.png\t{label}\t0.7500\n" + r"a\tb\n\udcff.png" + f"\t{label}\t0.7500\n"
    )


def give_unlike() -> None:
    """Give the released model its second output: here the largest probability."""
    model = onnx.load(paths.RELEASE_MODEL)
    largest = helper.make_node("ReduceMax", ["probabilities"], ["unlike"], axes=[1], keepdims=0)
    model.graph.node.append(largest)
    model.graph.output.append(helper.make_tensor_value_info("unlike", TensorProto.FLOAT, ["b"]))
    onnx.save(model, paths.RELEASE_MODEL)


def test_examples_unlike_the_training_data_are_counted(capsys: pytest.CaptureFixture) -> None:
    give_unlike()
    Path("2.png").write_bytes(image(2))
    predict("1.png", "2.png")
    said = capsys.readouterr()
    assert [line.split("\t")[2:] for line in said.out.splitlines()] == [
        ["0.7500", "0.7500"],
        ["1.5000", "1.5000"],
    ]
    counted = "more unlike the training data than 99 % of the held-out examples: 1 of 2\n"
    assert said.err == counted
    info = json.loads(paths.RELEASE_INFO.read_text())
    paths.RELEASE_INFO.write_text(json.dumps(info | {"unlike": {"split": "train"}}))
    predict("1.png", "2.png")  # with too few validation examples nothing is held out
    of_training = counted.replace("the held-out examples", "some training examples")
    assert capsys.readouterr().err == of_training


def test_no_parameter_is_named_as_a_remedy(capsys: pytest.CaptureFixture) -> None:
    """`predict` reads release/ alone, so a parameter would change nothing."""
    Image.fromarray(np.full((8, 8), 4095, np.uint16)).save("deep.png")
    predict("deep.png")
    said = "1 picture holds more than 8 bits: values from 0 to 65535 become 0 to 255: deep.png"
    assert capsys.readouterr().err == f"assay: deep.png: converted: {said}\n"
    Image.new("LA", (8, 8), (9, 9)).save("clear.png")
    Image.new("RGB", (8, 8)).save("colour.png")
    describe(INFO | {"range": [0, 1024]})
    predict("deep.png", "clear.png", "colour.png")
    said = capsys.readouterr().err
    assert said.count("\n") == 4
    assert "collect" not in said
    assert "1 picture is partly transparent: the background shows: clear.png\n" in said


def test_a_remedy_that_is_no_parameter_is_said(capsys: pytest.CaptureFixture) -> None:
    with remarks_on_files.said_at_end() as remarks:
        on_file = remarks_on_files.RemarksOnFile()
        on_file.add("cut", 1, "sounds are clipped", "collect.wav", "scale them")
        remarks.add(Path("collect.wav"), on_file)
    said = "1 sound is clipped: collect.wav; scale them"
    assert capsys.readouterr().err == f"assay: collect.wav: cut: {said}\n"


def test_grey_pictures_that_become_colour_are_said() -> None:
    remarks = Remarks()
    Path("1.png").write_bytes(image(1))
    registry.read_file(Path("1.png"), INFO | {"shape": [8, 8, 3]}, remarks)
    assert str(remarks[0]).startswith("converted: 1 grey picture becomes colour")


def test_many_files_of_one_kind_are_said_once(capsys: pytest.CaptureFixture) -> None:
    names = [f"{number}.png" for number in range(2, 7)]
    for number, name in enumerate(names[:4]):
        Path(name).write_bytes(image(1, (20 + number, 10)))
    Path(names[4]).write_bytes(image(1, (30, 30)))
    predict("1.png", *names)
    said = capsys.readouterr()
    assert said.out.count("\n") == 6
    pixels = "8 x 8 pixels (height x width)"
    cut, alike = said.err.splitlines()
    example = "cut at two sides to fit, for example 2.png"
    assert cut == f"assay: 4 files: cut: 4 pictures become {pixels}, {example}"
    assert alike == f"assay: 6.png: converted: 1 picture becomes {pixels}, from 30 x 30: 6.png"


@pytest.mark.parametrize(
    ("whats", "said"),
    [
        (
            ["of 1 sounds are longer than 1.5 s (0.5 s in all)"] * 2,
            "2 sounds are longer than 1.5 s, for example x in a",
        ),
        (
            [f"of {n:,} texts are cut to 9 characters ({n / 9000:.1%} of all lost)" for n in (1, 1200)],
            "2 texts are cut to 9 characters, for example x in a",
        ),
        (
            ["of 1 sounds are longer than 1.5 s (0.5 s in all)"],
            "1 of 1 sounds is longer than 1.5 s (0.5 s in all): x",
        ),
    ],
)  # fmt: skip
def test_what_is_of_one_file_is_not_said_of_many(
    capsys: pytest.CaptureFixture, whats: list[str], said: str
) -> None:
    with remarks_on_files.said_at_end() as remarks:
        for path, what in zip("abc", whats, strict=False):
            on_file = remarks_on_files.RemarksOnFile()
            on_file.add("cut", 1, what, "x", "set collect.seconds")
            remarks.add(Path(path), on_file)
    place = "a" if len(whats) == 1 else "2 files"
    assert capsys.readouterr().err == f"assay: {place}: cut: {said}\n"


def test_what_was_said_is_not_lost_by_an_error(capsys: pytest.CaptureFixture) -> None:
    Path("2.png").write_bytes(image(1, (20, 10)))
    Path("3.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match="1"):
        predict("2.png", "3.png")
    remark, error = capsys.readouterr().err.splitlines()
    assert remark.startswith("assay: 2.png: cut: 1 picture becomes 8 x 8 pixels")
    assert error.startswith("assay: 3.png cannot be decoded")


def test_files_after_one_with_an_error_are_predicted(capsys: pytest.CaptureFixture) -> None:
    give_unlike()
    Path("2.png").write_bytes(image(2))
    Path("bad.png").write_bytes(b"no picture")
    Path("bad.heic").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match="1"):
        predict("1.png", "bad.png", "bad.heic", "2.png")
    said = capsys.readouterr()
    assert [line.split("\t")[0] for line in said.out.splitlines()] == ["1.png", "2.png"]
    unlike, decoded, named, counted = said.err.splitlines()
    assert unlike.endswith(": 1 of 2")  # of what was printed
    assert decoded.startswith("assay: bad.png cannot be decoded")
    assert named.startswith("assay: bad.heic: .heic files cannot be read")
    assert counted == "assay: 2 of 4 files were not predicted"


def test_errors_of_files_are_not_lost_by_one_of_the_model(capsys: pytest.CaptureFixture) -> None:
    Path("bad.png").write_bytes(b"no picture")
    describe(INFO | {"classes": ["a"]})
    with pytest.raises(SystemExit, match="1"):
        predict("bad.png", "1.png", "1.png")
    of_file, of_model = capsys.readouterr().err.splitlines()
    assert of_file.startswith("assay: bad.png cannot be decoded")
    assert "2 classes, not 1" in of_model


def test_a_table_names_its_rows_also_the_only_one(capsys: pytest.CaptureFixture) -> None:
    weights = numpy_helper.from_array(np.float64([[0.75, 0.25]]), "weights")
    nodes = [helper.make_node("MatMul", ["payload", "weights"], ["probabilities"])]
    taken = helper.make_tensor_value_info("payload", TensorProto.DOUBLE, ["b", 1])
    given = helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["b", 2])
    graph = helper.make_graph(nodes, "g", [taken], [given], [weights])
    opsets = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), paths.RELEASE_MODEL)
    describe(INFO | {"modality": "table", "shape": [1], "features": {"a": "number"}})
    Path("one.csv").write_text("a\n1\n")
    Path("one.jsonl").write_text('{"a": 1}\n')
    parquet.write_table(pa.table({"a": [1]}), "one.parquet")
    predict("one.csv", "one.jsonl", "one.parquet")
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["one.csv row 2", "one.jsonl line 1", "one.parquet row 0"]


@pytest.mark.parametrize("gone", [paths.RELEASE_INFO, paths.RELEASE_MODEL])
def test_one_file_of_the_release_alone(capsys: pytest.CaptureFixture, gone: Path) -> None:
    gone.unlink()
    (other,) = paths.RELEASE.iterdir()
    wanted = f"{gone} is missing, and {other} is of no use without it: fetch both"
    assert refused(capsys).startswith(f"assay: {wanted}")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("1.heic", ".heic files cannot be read: save them as PNG or JPEG"),
        ("1.npy", ".npy files cannot be read: save them as PNG or JPEG"),
        ("1.parquet", "a table, but the model takes image files: name such files"),
        ("1.json", "a table, but the model takes image files: name such files"),
        ("1.wav", "audio by its name, but the model takes image files: name such files"),
    ],
)
def test_a_file_of_another_kind(capsys: pytest.CaptureFixture, name: str, reason: str) -> None:
    Path(name).write_bytes(b"\x93NUMPY")
    assert refused(capsys, name) == f"assay: {name}: {reason}\n"


def test_a_picture_with_a_wrong_ending_is_read(capsys: pytest.CaptureFixture) -> None:
    Path("1.heic").write_bytes(image(1))
    predict("1.heic")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["", "{", '{"classes": ["a"', "[]", "null", "3", "[" * 10_000])
def test_a_description_that_is_damaged(capsys: pytest.CaptureFixture, text: str) -> None:
    paths.RELEASE_INFO.write_text(text)
    assert refused(capsys).startswith("assay: release/model.json")


@pytest.mark.parametrize(
    "changed",
    [
        {"modality": "smell"},
        {"modality": ["image"]},
        {"modality": None},
        {"shape": [8]},
        {"shape": "8"},
        {"shape": [9, 9, 1]},
        {"classes": ["a"]},
        {"classes": ["a", "b", "c"]},
        {"classes": None},
        {"modality": "table"},
        {"modality": "table", "features": {}},
        {"modality": "audio", "shape": [100], "sample_rate": 8000},
    ],
)
def test_a_description_of_another_model(capsys: pytest.CaptureFixture, changed: dict) -> None:
    describe(INFO | changed)
    assert refused(capsys)


def test_a_description_by_a_newer_version(capsys: pytest.CaptureFixture) -> None:
    table = {"modality": "table", "features": {"a": "number"}, "written": {"a": {"newer": True}}}
    describe(INFO | table)
    Path("1.csv").write_text("a\n1\n")
    said = refused(capsys, "1.csv")
    assert "): update this code if a newer Assay made them; else fetch both again, or run" in said


def test_mutations_of_a_description(capsys: pytest.CaptureFixture) -> None:
    choose = random.Random(0)
    full = INFO | {"range": [0, 4096], "background": "white", "features": {"a": "number"}}
    for _ in range(60):
        path, odd = choose.choice([*leaves(full)]), choose.choice(ODD)
        paths.RELEASE_INFO.write_text(with_value(full, path, odd))
        start = time.process_time()
        with suppress(SystemExit):
            predict("1.png")
        said = capsys.readouterr()
        lines = said.out.count("\n"), said.err.count("\n")
        assert lines in ((1, 0), (1, 1), (0, 1)), f"{path}: {odd[:99]}: {said}"
        assert time.process_time() - start < 10, f"{path}: {odd[:99]}"


def test_a_description_of_texts(capsys: pytest.CaptureFixture) -> None:
    describe(INFO | {"modality": "text", "shape": []})
    Path("1.txt").write_text("a text")
    said = refused(capsys, "1.txt")
    assert "release/model.onnx" in said


@pytest.mark.parametrize("name", ["1.png", "release/model.json", "release/model.onnx"])
def test_a_pipe_or_a_device_is_not_opened(capsys: pytest.CaptureFixture, name: str) -> None:
    for make in (os.mkfifo, lambda path: Path(path).symlink_to("/dev/zero")):
        Path(name).unlink()
        make(name)
        assert refused(capsys).startswith(f"assay: {name} is a pipe, a socket or a device")


def test_a_file_that_may_not_be_read_is_not_blamed_on_the_release(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_bytes(path: Path) -> bytes:  # root may read any file
        if path.suffix == ".png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return path.open("rb").read()

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    said = refused(capsys)
    assert "1.png" in said
    assert "release" not in said


@pytest.mark.parametrize("name", ["1.png", "release/model.json", "release/model.onnx"])
def test_a_file_that_may_not_be_read(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Monkeypatched, since root may read everything."""
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != name)
    assert refused(capsys) == f"assay: {name} may not be read: allow it with `chmod u+r {name}`\n"


def test_a_file_that_may_not_be_read_leaves_the_others(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monkeypatched, since root may read everything."""
    Path("2.png").write_bytes(Path("1.png").read_bytes())
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != "1.png")
    with pytest.raises(SystemExit):
        predict("1.png", "2.png")
    said = capsys.readouterr()
    assert said.out.startswith("2.png\t")
    assert said.err.startswith("assay: 1.png may not be read")


@pytest.mark.parametrize("content", [b"", b"onnx", bytes(100)])
def test_a_model_that_is_damaged(capsys: pytest.CaptureFixture, content: bytes) -> None:
    paths.RELEASE_MODEL.write_bytes(content)
    assert "release/model.onnx" in refused(capsys)
