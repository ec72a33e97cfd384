"""Work is cut by the memory that it takes, and what takes too much is refused before it is made."""

import numpy as np
import pytest
from onnx import TensorProto

from assay.contract import graph_memory, memory
from assay.contract.errors import InputError
from assay.contract.inference import Model
from assay.encoders import patches
from assay.training import onnx_graph

HOW = {"portable": True, "threads": 1}


def squares(side: int) -> bytes:
    """A graph that holds two pictures of float32 at a time."""
    graph = onnx_graph.Graph()
    pixels = graph("Cast", "payload", to=TensorProto.FLOAT)
    squared = graph("Mul", pixels, pixels)
    graph("Flatten", graph.reduced("ReduceSum", squared, [1, 2], keepdims=0), output="embedding")
    return graph.serialised("squares", (TensorProto.UINT8, [side, side, 1]))


def test_bytes_of_an_example_are_those_that_are_alive_together():
    side = 100
    held = graph_memory.bytes_of_example(squares(side), (side, side, 1))
    assert 2 * 4 * side**2 <= held <= 4 * 4 * side**2


def test_large_pictures_go_through_in_parts():
    pictures = np.random.default_rng(0).integers(256, size=(5, 4000, 4000, 1), dtype=np.uint8)
    model = Model(squares(4000), **HOW)
    assert [len(part) for part in model._parts(pictures)] == [1] * 5
    alone = [model(picture[None]) for picture in pictures]
    np.testing.assert_array_equal(model(pictures), np.concatenate(alone))


def test_long_texts_go_through_in_parts():
    model = Model(onnx_graph.identity(TensorProto.STRING, []), **HOW)
    texts = np.array(["a" * 2_000_000, "b", "c", "d" * 3_000_000], object)
    assert [len(part) for part in model._parts(texts)] == [1, 2, 1]
    assert model(texts).tolist() == texts.tolist()


def test_what_takes_more_than_the_budget_is_refused():
    model = Model(squares(4000), **HOW, memory=2**26)
    with pytest.raises(InputError, match="64 MiB: raise memory, or make the example smaller"):
        model(np.zeros((1, 4000, 4000, 1), np.uint8))
    assert memory.at_once(100, 1000, 64, "an example") == 2
    assert memory.at_once(600, 1000, 64, "an example") == 1
    assert memory.at_once(0, 1000, 64, "an example") == 64


@pytest.mark.parametrize("side", [512, 1024])
def test_the_default_encoder_takes_little_for_a_large_picture(side, monkeypatch):
    monkeypatch.setattr(patches, "_SAMPLED_PATCHES", 2000)
    pictures = np.zeros((2, side, side, 3), np.uint8)
    small = patches.reduced(pictures, patches.reduction(pictures.shape[1:]))
    bank = patches.learn(small, 4, seed=0, stride=2)
    graph = patches.encoder_graph([bank], pictures.shape[1:], mirror=True)
    assert graph_memory.bytes_of_example(graph, pictures.shape[1:]) < 20 * pictures[0].nbytes
