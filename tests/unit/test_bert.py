"""That the graph written out for a folder of BERT's weights computes what the paper says, from raw text."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import load_file
from scipy.special import erf, softmax

from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import adapters
from assay.training import onnx_graph
from tests.support import tiny_bert

WORDS = ["wh", "##ere", "is", "my", "card", "?"]
HOW = {"portable": True, "threads": 1}
TEXT = {"modality": "text", "shape": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_bert.save(tmp_path, WORDS)
    return tmp_path


def by_erf(x: np.ndarray) -> np.ndarray:
    return x * (1 + erf(x / np.sqrt(2))) / 2


def by_tanh(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def reference(folder: Path, tokens: list[int], gelu: Callable = by_erf) -> np.ndarray:
    """The embedding of one text, a formula at a time."""
    w = {
        name.removeprefix("bert."): array
        for name, array in load_file(folder / "model.safetensors").items()
    }

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        return (
            centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True)) * w[f"{name}.weight"]
            + w[f"{name}.bias"]
        )

    words, places, segments = (
        w[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    x, kept = norm(words[tokens] + places[: len(tokens)] + segments[0], "embeddings.LayerNorm"), []
    for number in range(4):
        own = f"encoder.layer.{number}"
        query, key, value = (
            dense(x, f"{own}.attention.self.{part}") for part in ("query", "key", "value")
        )
        split = [slice(0, tiny_bert.WIDTH // 2), slice(tiny_bert.WIDTH // 2, None)]
        scale = np.sqrt(tiny_bert.WIDTH / 2)
        heads = [
            softmax(query[:, one] @ key[:, one].T / scale, axis=1) @ value[:, one] for one in split
        ]
        attended = dense(np.hstack(heads), f"{own}.attention.output.dense")
        x = norm(x + attended, f"{own}.attention.output.LayerNorm")
        inner = gelu(dense(x, f"{own}.intermediate.dense"))
        x = norm(x + dense(inner, f"{own}.output.dense"), f"{own}.output.LayerNorm")
        kept += [x.mean(axis=0), x.max(axis=0)]
    return np.concatenate(kept[2:])


def test_a_text_means_the_same_alone_beside_others_and_by_the_formulas(folder: Path) -> None:
    embed = Model(adapters.adapt(folder, TEXT, **HOW), **HOW)
    texts = np.array(["Where IS my card?", "", "card", "card 你好 " * 5000], object)
    tokens = [
        [2, 4, 5, 6, 7, 8, 9, 3],
        [2, 3],
        [2, 8, 3],
        [2, *[8, 1, 1] * 4, 8, 1, 3],
    ]  # 16 at most
    given = embed(texts)
    for row, text, own in zip(given, texts, tokens, strict=True):
        assert np.allclose(row, reference(folder, own), atol=1e-4)
        assert np.allclose(row, embed(np.array([text], object))[0], atol=1e-4)


def test_gelu_by_tanh_as_kerashub_has_it(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(tiny_bert.CONFIG | {"hidden_act": "gelu_new"}))
    (given,) = Model(adapters.adapt(folder, TEXT, **HOW), **HOW)(np.array(["my card"], object))
    assert np.allclose(given, reference(folder, [2, 7, 8, 3], by_tanh), atol=1e-5)
    assert not np.allclose(given, reference(folder, [2, 7, 8, 3], by_erf), atol=1e-5)


def test_the_tokenizer_stays_with_what_is_put_behind(folder: Path) -> None:
    content = adapters.adapt(folder, TEXT, **HOW)
    head = onnx_graph.linear_head(
        np.ones((6 * tiny_bert.WIDTH, 2)), np.zeros(2), onnx_graph.opset_of(content)
    )
    assert np.allclose(
        Model(onnx_graph.joined(content, head), **HOW)(np.array(["my card", ""], object)), 0.5
    )


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("config.json", None, "config.json is missing"),
        ("model.safetensors", b"no", "cannot be read"),
        ("tokenizer.json", b"{", "cannot be read"),
        (
            "config.json",
            json.dumps(tiny_bert.CONFIG | {"model_type": "gpt2"}).encode(),
            "model_type: must be 'bert', not 'gpt2'",
        ),
    ],
)
def test_a_folder_that_will_not_do(
    folder: Path, name: str, content: bytes | None, expected: str
) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=expected):
        adapters.adapt(folder, TEXT, **HOW)


def test_a_folder_is_for_texts(folder: Path) -> None:
    with pytest.raises(InputError, match="only an encoder of texts"):
        adapters.adapt(folder, {"modality": "image", "shape": [8, 8, 1]}, **HOW)


def test_the_graph_is_plain_onnx(folder: Path) -> None:
    model = onnx.load_from_string(adapters.adapt(folder, TEXT, **HOW))
    assert {node.domain for node in model.graph.node} == {""}
    onnx.checker.check_model(model, full_check=True)


def test_same_folder_same_bytes(folder: Path) -> None:
    """A file of weights is read in another order each time."""
    assert len({adapters.adapt(folder, TEXT, **HOW) for _ in range(3)}) == 1
