"""Encoders from elsewhere that will not do: one line that names the person's file, before anything is written."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file

from assay.contract import files, paths
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.sections import Pretrain
from assay.encoders import adapters, bert, learning
from assay.training import onnx_graph
from tests.support import tiny_bert

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["pretrain"]
HOW = {"portable": True, "threads": 1}
IMAGES = {"modality": "image", "shape": [8, 8, 3]}
PIXELS = np.random.default_rng(0).integers(255, size=(5, 8, 8, 3)).astype(np.uint8)
FLOAT = TensorProto.FLOAT


def tensor(name: str, *shape: int | str | None, element: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def saved(
    nodes: list,
    taken: list,
    given: list,
    *,
    opset: int = 15,
    constants: tuple = (),
    domain: str = "",
) -> bytes:
    graph = helper.make_graph(nodes, "g", taken, given, list(constants))
    opsets = [helper.make_opsetid(domain, opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def flat(*shape: int, opset: int = 15, element: int = FLOAT, domain: str = "") -> bytes:
    node = helper.make_node("Flatten", ["x"], ["y"])
    taken, given = (
        tensor("x", "n", *shape, element=element),
        tensor("y", "n", None, element=element),
    )
    return saved([node], [taken], [given], opset=opset, domain=domain)


def endless() -> bytes:
    body = helper.make_graph(
        [helper.make_node("Identity", [a], [b]) for a, b in (("go", "going"), ("z", "same"))],
        "body",
        [
            tensor("step", element=TensorProto.INT64),
            tensor("go", element=TensorProto.BOOL),
            helper.make_tensor_value_info("z", FLOAT, None),
        ],
        [
            tensor("going", element=TensorProto.BOOL),
            helper.make_tensor_value_info("same", FLOAT, None),
        ],
    )
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Loop", ["most", "true", "flat"], ["y"], body=body),
    ]
    constants = [
        numpy_helper.from_array(np.array(True), "true"),
        numpy_helper.from_array(np.array(2**62), "most"),
    ]
    return saved(nodes, [tensor("x", "n", 3, 8, 8)], [tensor("y", "n", 192)], constants=constants)


def one_node(op: str, **attributes: object) -> bytes:
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Neg", ["flat"], ["negative"]),
        helper.make_node(op, ["negative"], ["y"], **attributes),
    ]
    return saved(nodes, [tensor("x", "n", 3, 8, 8)], [tensor("y", "n", None)])


def constant() -> bytes:
    value = numpy_helper.from_array(np.ones((2, 3), np.float32))
    return saved([helper.make_node("Constant", [], ["y"], value=value)], [], [tensor("y", 2, 3)])


def two_inputs() -> bytes:
    taken = [tensor("a", "n", 3), tensor("b", "n", 3)]
    return saved([helper.make_node("Add", ["a", "b"], ["y"])], taken, [tensor("y", "n", 3)])


def scalar() -> bytes:
    node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
    return saved([node], [tensor("x", "n", 3, 8, 8)], [tensor("y")])


def one_at_a_time() -> bytes:
    shape = numpy_helper.from_array(np.array([1, 192]), "shape")
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    return saved([node], [tensor("x", 1, 3, 8, 8)], [tensor("y", 1, 192)], constants=(shape,))


ONNX = {
    "no model": (lambda: b"hello world\n" * 50, "Error parsing message"),
    "empty": (lambda: b"", "has opset 0"),
    "cut": (lambda: flat(3, 8, 8)[:60], "Error parsing message"),
    "old": (lambda: flat(3, 8, 8, opset=9), "opset 9"),
    "from the future": (lambda: flat(3, 8, 8, opset=99), "99"),
    "operators of others": (lambda: flat(3, 8, 8, domain="com.example"), "has opset 0"),
    "halves": (lambda: flat(3, 8, 8, element=TensorProto.FLOAT16), "float16"),
    "no input": (constant, "a model without input"),
    "two inputs": (two_inputs, "takes 2 inputs: export it with one"),
    "no pixels": (lambda: flat(3, 0, 8), "takes images [3, 0, 8]"),
    "a continent": (lambda: flat(3, 10**9, 10**9), "at most 4096 pixels a side"),
    "six channels": (lambda: flat(6, 8, 8), "takes images [6, 8, 8]"),
    "grey": (lambda: flat(1, 8, 8), "takes grey images: set collect.channels to 1"),
    "a vector": (lambda: flat(192), "but image payloads are [8, 8, 3]"),
    "no numbers": (lambda: one_node("Log"), "float32 [2, 192] for 2 examples, no finite vector"),
    "a number for all": (scalar, "cannot be used"),
    "one at a time": (one_at_a_time, "fails on these examples"),
    "endless": (endless, "takes more than 1 s:"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    paths.PRETRAINED.mkdir(parents=True)
    return paths.PRETRAINED


def learned(name: str) -> bytes:
    params = Pretrain.model_validate(SHIPPED | {"encoder": name})
    return learning.learn(IMAGES, PIXELS, params, **HOW).onnx


@pytest.mark.parametrize(("content", "message"), ONNX.values(), ids=list(ONNX))
def test_a_file_that_will_not_do(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
    content: Callable[[], bytes],
    message: str,
) -> None:
    monkeypatch.setattr(adapters, "_LONGEST", 1.0)
    (folder / "x.onnx").write_bytes(content())
    with pytest.raises(InputError) as caught:
        learned("x.onnx")
    assert str(caught.value).startswith("models/pretrained/x.onnx ")
    assert message in str(caught.value)
    assert capfd.readouterr() == ("", "")  # ONNX Runtime prints errors by itself


def test_weights_in_another_file(folder: Path) -> None:
    weights = numpy_helper.from_array(np.ones((192, 4), np.float32), "w")
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    taken, given = [tensor("x", "n", 3, 8, 8)], [tensor("y", "n", 4)]
    model = onnx.load_from_string(saved(nodes, taken, given, constants=(weights,)))
    path = folder / "x.onnx"
    onnx.save(model, path, save_as_external_data=True, location="x.bin", size_threshold=0)
    with pytest.raises(InputError, match=r"x\.onnx keeps its weights in another file"):
        learned("x.onnx")


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_a_head_fits_behind_an_encoder_of_any_opset(folder: Path, opset: int) -> None:
    (folder / "x.onnx").write_bytes(flat(3, 8, 8, opset=opset))
    graph = onnx_graph.with_linear_head(learned("x.onnx"), np.ones((192, 2)), np.zeros(2), 1.0)
    assert np.allclose(Model(graph, **HOW)(PIXELS), 0.5)


def test_rows_of_a_table_are_taken_as_float32(folder: Path) -> None:
    (folder / "x.onnx").write_bytes(flat(3))
    table = {"modality": "table", "shape": [3], "features": dict.fromkeys("abc", "number")}
    rows = np.random.default_rng(0).normal(size=(9, 3))
    params = Pretrain.model_validate(SHIPPED | {"encoder": "x.onnx"})
    graph = learning.learn(table, rows, params, **HOW).onnx
    assert np.allclose(Model(graph, **HOW)(rows), rows)


def test_links_lead_to_the_cache_of_dvc_alone(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "release.onnx"
    elsewhere.write_bytes(flat(3, 8, 8))
    md5 = files.md5(elsewhere)
    cached = tmp_path / "cache/files/md5" / md5[:2] / md5[2:]
    cached.parent.mkdir(parents=True)
    cached.write_bytes(elsewhere.read_bytes())
    (folder / "a.onnx").symlink_to(cached)
    (folder / "b.onnx").symlink_to(elsewhere)
    (folder / "c").mkdir()
    (folder / "c/model.safetensors").symlink_to(elsewhere)
    (folder / "d").symlink_to(tmp_path)
    assert learned("a.onnx")
    for name in ("b.onnx", "c", "d"):
        with pytest.raises(InputError, match=f"models/pretrained/{name}.* is a link to"):
            learned(name)


def test_an_encoder_that_dvc_does_not_track(folder: Path) -> None:
    """It is not in the copy of the project where `dvc exp run --queue` runs."""
    remedy = "type `dvc add models/pretrained/x.onnx` and `git add models/pretrained`: a copy of"
    with pytest.raises(InputError, match=f"models/pretrained/x.onnx is missing: .* {remedy}"):
        learned("x.onnx")
    (folder / "x.onnx.dvc").write_text("outs: []\n")
    with pytest.raises(FileNotFoundError):  # it can be pulled, which `run` says
        learned("x.onnx")


def unchanged(*shape: int | None) -> bytes:
    """An encoder that gives the pixels that it takes."""
    node = helper.make_node("Identity", ["x"], ["y"])
    return saved([node], [tensor("x", "n", *shape)], [tensor("y", "n", *shape)])


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((3, 8, 8), "3 × 8 × 8 over its axes 2 and 3"),
        ((8, 8, 3), "8 × 8 × 3 over its axes 1 and 2"),
        ((3, None, None), "3 × ? × ? over its axes 2 and 3"),
    ],
)
def test_it_is_told_how_a_map_is_averaged(
    folder: Path, capsys: pytest.CaptureFixture, shape: tuple[int | None, ...], told: str
) -> None:
    (folder / "x.onnx").write_bytes(unchanged(*shape))
    assert Model(learned("x.onnx"), **HOW)(PIXELS).shape == (5, 3)
    remedy = "if these are no places, export the encoder with its output averaged"
    said = f"assay: models/pretrained/x.onnx: averages an output of {told}: {remedy}\n"
    assert capsys.readouterr().err == said


def test_tokens_are_averaged_and_a_vector_is_not(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    (folder / "x.onnx").write_bytes(flat(3, 8, 8))
    learned("x.onnx")
    assert capsys.readouterr().err == ""
    shape = numpy_helper.from_array(np.array([-1, 16, 12]), "shape")
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    taken, given = tensor("x", "n", 3, 8, 8), tensor("y", "n", 16, 12)
    (folder / "x.onnx").write_bytes(saved([node], [taken], [given], constants=(shape,)))
    assert Model(learned("x.onnx"), **HOW)(PIXELS).shape == (5, 12)
    assert "averages an output of 16 × 12 over its axis 1: " in capsys.readouterr().err


# a folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    tiny_bert.save(tmp_path, ["my", "card"])
    return tmp_path


def write_as(path: Path, type_: str, width: int, content: Callable[[np.ndarray], bytes]) -> None:
    """The weights of a file, written in a type that numpy does not have."""
    start, header, parts = 0, {}, []
    for name, array in load_file(path).items():
        parts.append(content(array))
        end = start + array.size * width
        header[name] = {"dtype": type_, "shape": array.shape, "data_offsets": [start, end]}
        start = end
    listed = json.dumps(header).encode()
    path.write_bytes(len(listed).to_bytes(8, "little") + listed + b"".join(parts))


def test_bfloat16_is_read(small: Path) -> None:
    path, text = small / "model.safetensors", np.array(["my card", "card"], object)
    before = Model(bert.encoder_graph(small), **HOW)(text)
    write_as(path, "BF16", 2, lambda array: (array.view("<u4") >> 16).astype("<u2").tobytes())
    after = Model(bert.encoder_graph(small), **HOW)(text)
    assert np.allclose(before, after, atol=0.1)
    assert not np.array_equal(before, after)


def test_float8_is_not(small: Path) -> None:
    path = small / "model.safetensors"
    write_as(path, "F8_E4M3", 1, lambda array: bytes(array.size))
    with pytest.raises(InputError, match=r"model\.safetensors: .* has the type F8_E4M3: save it"):
        bert.encoder_graph(small)


DENSE = "bert.encoder.layer.2.attention.self.query.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop(DENSE), "no weight encoder.layer.2.attention.self.query"),
        (lambda weights: weights.update({DENSE: weights[DENSE][:, :9]}), "has the shape (9, 32)"),
        (lambda weights: weights.update({DENSE: weights[DENSE][0]}), "has the shape (32,)"),
        (
            lambda weights: weights.update({f"{DENSE[:19]}4.x": weights[DENSE]}),
            "more than 4 layers",
        ),
    ],
)
def test_weights_that_do_not_fit(small: Path, change: Callable, message: str) -> None:
    path = small / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file({name: np.ascontiguousarray(array) for name, array in weights.items()}, path)
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        bert.encoder_graph(small)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"truncation": {"max_length": "x"}}', "cannot be read"),
        ("{}", "cannot be read"),
    ],
)
def test_a_tokenizer_that_is_none(small: Path, content: str, message: str) -> None:
    (small / "tokenizer.json").write_text(content)
    with pytest.raises(InputError, match=f"tokenizer.json {message}"):
        bert.encoder_graph(small)


PANICS = {
    "as it is read": {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}},
    "as it cuts": {"pre_tokenizer": {"type": "FixedLength", "length": 0}},
}


@pytest.mark.parametrize("part", PANICS.values(), ids=list(PANICS))
def test_a_tokenizer_that_panics(small: Path, part: dict, capfd: pytest.CaptureFixture) -> None:
    """What Rust raises is no Exception, and it prints more than a line."""
    path = small / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | part))
    texts = np.array(["a b", "b"], object)
    with pytest.raises(InputError, match=re.escape(str(small))):
        adapters.try_out(small, bert.encoder_graph(small), texts, **HOW)
    assert capfd.readouterr().err == ""


def test_a_tokenizer_of_a_larger_model(small: Path) -> None:
    path = small / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["another"] = 30_000
    path.write_text(json.dumps(tokenizer))
    with pytest.raises(InputError, match=r"knows the token 30000, model\.safetensors only"):
        bert.encoder_graph(small)


def test_a_tokenizer_that_cuts_later_than_the_model_can_read(small: Path) -> None:
    path = small / "tokenizer.json"
    cut = {"direction": "Right", "max_length": 512, "strategy": "LongestFirst", "stride": 0}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"truncation": cut}))
    long = np.array(["card " * 100], object)
    assert np.isfinite(Model(bert.encoder_graph(small), **HOW)(long)).all()
