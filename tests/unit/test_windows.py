"""That an encoder of windows gives the mean over the windows of a sound or a text."""

from pathlib import Path

import numpy as np
import pytest

from assay.contract import sections
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.encoders import adapters, learning, subwords, windows
from assay.training import onnx_graph
from tests.support import tiny_bert

HOW = {"portable": True, "threads": 1}
TEXT = {"modality": "text", "shape": []}
WORDS = ["wh", "##ere", "is", "my", "card", "?"]
IN_A_WINDOW = 14  # words, since BERT puts two special tokens around them


def pretrain(**changes: object) -> sections.Pretrain:
    """The section of params.yaml, with a small encoder."""
    default = {
        "batches": ["a"],
        "encoder": None,
        "method": "auto",
        "examples": 100,
        "patches": 4,
        "coarse_patches": 0,
        "mirror": False,
        "windows": 1,
        "epochs": 1,
        "steps": 1,
        "seed": 0,
    }
    return sections.Pretrain.model_validate(default | changes)


@pytest.fixture
def bert(tmp_path: Path) -> bytes:
    tiny_bert.save(tmp_path, WORDS)
    return adapters.adapt(tmp_path, TEXT, **HOW)


def test_a_text_is_the_mean_over_its_windows(bert: bytes) -> None:
    first, second, third = ["card"] * IN_A_WINDOW, ["is", "my"] * (IN_A_WINDOW // 2), ["where"]
    texts = [" ".join(first + second + third), " ".join(first + second), "my card", ""]
    one = Model(bert, **HOW)
    of_windows = one(np.array([" ".join(part) for part in (first, second, third)], object))
    several = Model(windows.text_encoder(bert, 3), **HOW)
    given = several(np.array(texts, object))
    assert np.allclose(given[0], of_windows.mean(axis=0), atol=1e-5)
    assert np.allclose(given[1], of_windows[:2].mean(axis=0), atol=1e-5)
    assert np.allclose(given[2:], one(np.array(texts[2:], object)), atol=1e-5)
    for row, text in zip(given, texts, strict=True):
        assert np.allclose(row, several(np.array([text], object))[0], atol=1e-5)


def test_a_text_is_read_up_to_the_last_window(bert: bytes) -> None:
    texts = np.array(["card " * 3 * IN_A_WINDOW, "card " * 2 * IN_A_WINDOW + "where"], object)
    two = Model(windows.text_encoder(bert, 2), **HOW)
    three = Model(windows.text_encoder(bert, 3), **HOW)
    assert np.allclose(*two(texts), atol=1e-5)
    assert not np.allclose(*three(texts), atol=1e-5)
    said = Remarks()
    subwords.remark_on_cuts(two.tokenizer, texts, said, windows=2)
    assert [(remark.action, remark.count) for remark in said] == [("cut", 2)]
    subwords.remark_on_cuts(three.tokenizer, texts, said, windows=3)
    assert len(said) == 1


def test_windows_of_texts_stay_with_what_is_put_behind(bert: bytes) -> None:
    content = windows.text_encoder(bert, 2)
    width = 6 * tiny_bert.WIDTH
    head = onnx_graph.linear_head(np.ones((width, 2)), np.zeros(2), onnx_graph.opset_of(content))
    classify = Model(onnx_graph.joined(content, head), **HOW)
    texts = np.array(["card " * 100, "my card", ""], object)
    assert np.allclose(classify(texts), 0.5)
    assert classify.windows == 2


@pytest.mark.parametrize(("samples", "count"), [(12, 3), (13, 3), (14, 3), (7, 7), (10, 1)])
def test_windows_cover_a_sound(samples: int, count: int) -> None:
    sounds = np.arange(2 * samples, dtype=np.int16).reshape(2, samples)
    parts = windows.of_sounds(sounds, count)
    assert parts.shape == (2 * count, windows.length(samples, count))
    assert set(parts[:count].ravel()) == set(sounds[0])
    assert (np.diff(parts, axis=1) == 1).all()


@pytest.mark.parametrize("samples", [1600 * 3, 1600 * 3 + 1])
def test_a_sound_is_the_mean_over_its_windows(samples: int) -> None:
    sounds = np.random.default_rng(0).integers(-9999, 9999, (4, samples)).astype(np.int16)
    sound = {"modality": "audio", "sample_rate": 16000}
    size = windows.length(samples, 3)
    parts = windows.of_sounds(sounds, 3)
    one = learning.learn(sound | {"shape": [size]}, parts, pretrain(), **HOW)
    several = learning.learn(sound | {"shape": [samples]}, sounds, pretrain(windows=3), **HOW)
    by_window = Model(one.onnx, **HOW)(parts)
    expected = by_window.reshape(4, 3, -1).mean(axis=1)
    assert np.allclose(Model(several.onnx, **HOW)(sounds), expected, atol=1e-4)
    assert several.start == "frozen"
    assert Model(several.front, **HOW)(sounds).shape[0] == 4


@pytest.mark.parametrize(
    ("modality", "shape", "count", "message"),
    [
        ("image", [8, 8, 1], 2, "windows are for sounds and texts, not for the modality image"),
        ("text", [], 2, "ngrams reads whole texts"),
        ("audio", [16000], 11, "windows of sounds would be shorter than 0.1 s"),
    ],
)
def test_windows_that_make_no_sense(
    modality: str, shape: list[int], count: int, message: str
) -> None:
    payload = np.zeros((3, *shape), np.int16)
    if modality == "text":
        payload = np.array(["my card", "my cards", "where is my card"], object)
    payload_format = {"modality": modality, "shape": shape, "sample_rate": 16000}
    with pytest.raises(InputError, match=f"pretrain.windows: {count}: {message}"):
        learning.learn(payload_format, payload, pretrain(windows=count), **HOW)
