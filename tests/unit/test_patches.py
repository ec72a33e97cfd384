"""The encoder's graph is the formula: normalise, whiten, respond, pool, take the root."""

import numpy as np
import pytest
from onnx import TensorProto

from assay.contract.inference import Model
from assay.encoders import patches
from assay.training import onnx_graph


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (17, 23, 3), (1, 1, 1), (2, 5, 3)])
def test_graph_equals_formula(shape, tmp_path):
    images = np.random.default_rng(0).integers(256, size=(60, *shape), dtype=np.uint8)
    bank = patches.learn(images, 5, seed=0)
    (tmp_path / "e.onnx").write_bytes(patches.encoder_graph([bank], shape))
    embeddings = Model(tmp_path / "e.onnx", portable=True, threads=1)(images)

    size = bank.filters.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(
        images.astype(float), (size, size), axis=(1, 2)
    )
    windows = windows.transpose(0, 1, 2, 4, 5, 3)  # (n, y, x, size, size, channels)
    flat = windows.reshape(*windows.shape[:3], -1)
    normal = (flat - flat.mean(-1, keepdims=True)) / np.sqrt(flat.var(-1, keepdims=True) + 10)
    responses = normal @ bank.filters.reshape(5, -1).T - bank.offset
    rows, columns = (spans(side) for side in responses.shape[1:3])
    pooled = [
        np.maximum(sign * responses[:, top, left], 0).mean(axis=(1, 2))[..., filter_]
        for sign in (1, -1)
        for filter_ in range(5)
        for top in rows
        for left in columns
    ]
    np.testing.assert_allclose(embeddings, np.sqrt(pooled).T, atol=2e-3)


def spans(positions: int) -> list[slice]:
    step = max(1, positions // 3)
    width = max(1, positions - 2 * step)
    return [slice(start, start + width) for start in range(0, positions - width + 1, step)]


def test_flat_images_are_no_error():
    bank = patches.learn(np.zeros((10, 8, 8, 1), np.uint8), 4, seed=0)
    assert np.isfinite(bank.filters).all()
    assert np.isfinite(bank.offset).all()


def test_same_seed_same_bytes():
    images = np.random.default_rng(0).integers(256, size=(30, 8, 8, 1), dtype=np.uint8)
    once, again = (
        patches.encoder_graph([patches.learn(images, 4, seed=1)], (8, 8, 1)) for _ in range(2)
    )
    assert once == again


@pytest.mark.parametrize("shape", [(8, 8, 3), (17, 23, 3), (2, 3, 1), (1, 1, 1)])
def test_two_scales_stand_side_by_side_and_a_mirror_image_is_the_same(shape, tmp_path):
    images = np.random.default_rng(0).integers(256, size=(20, *shape), dtype=np.uint8)
    banks = [patches.learn(images, 3, seed=0), patches.learn(images, 4, seed=0, halvings=1)]

    def embed(images: np.ndarray, banks: list, **mirror: bool) -> np.ndarray:
        (tmp_path / "e.onnx").write_bytes(patches.encoder_graph(banks, shape, **mirror))
        return Model(tmp_path / "e.onnx", portable=True, threads=1)(images)

    sides = [embed(images, [bank]) for bank in banks]
    assert embed(images, banks).shape == (20, sum(side.shape[1] for side in sides))
    once, mirrored = (
        embed(images, banks, mirror=True),
        embed(images[:, :, ::-1], banks, mirror=True),
    )
    np.testing.assert_allclose(once, mirrored, atol=1e-3)
    np.testing.assert_allclose(
        once, embed(images, banks) + embed(images[:, :, ::-1], banks), atol=1e-3
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_a_large_image_is_seen_as_its_reduced_one(stride, monkeypatch):
    monkeypatch.setattr(patches, "_SAMPLED_PATCHES", 2000)
    small = np.random.default_rng(0).integers(256, size=(4, 70, 64, 3), dtype=np.uint8)
    large = small.repeat(3, axis=1).repeat(3, axis=2)
    assert patches.reduction(small.shape[1:]) == 1
    assert patches.reduction(large.shape[1:]) == 3
    np.testing.assert_array_equal(patches.reduced(large, 3), small)
    bank = patches.learn(small, 3, seed=0, stride=stride)

    def embed(images: np.ndarray) -> np.ndarray:
        graph = patches.encoder_graph([bank], images.shape[1:])
        return Model(graph, portable=True, threads=1)(images)

    np.testing.assert_allclose(embed(large), embed(small), rtol=1e-3)


@pytest.mark.parametrize("side", [129, 200, 1000])
def test_the_graph_reduces_as_the_formula_with_a_rest_left_over(side):
    images = np.random.default_rng(0).integers(256, size=(2, side, side + 40, 3), dtype=np.uint8)
    shape = images.shape[1:]
    factor = patches.reduction(shape)
    graph = onnx_graph.Graph()
    name = patches._reduced_in_graph(graph, shape, factor)
    graph("Identity", name, output="embedding")
    content = graph.serialised("a", (TensorProto.UINT8, shape), output_type=(TensorProto.FLOAT, 4))
    small = Model(content, portable=True, threads=1)(images)
    expected = patches.reduced(images, factor).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(small, expected, rtol=1e-6)
