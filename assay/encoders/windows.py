"""Long sounds and texts as windows: the embedding of an example is the mean over its windows.

An encoder for short examples reads long ones in this way (R. Pappagari et al.: Hierarchical
Transformers for Long Document Classification. ASRU 2019).
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from assay.contract.inference import TOKENIZER, WINDOWS
from assay.training import onnx_graph

SHORTEST = 0.1  # seconds of a sound in a window
_ALL = 2**31  # the end of a slice
_IS_READ = "is_read"  # (n, windows): which windows of each text are read
_PLACES = "places"  # (read, 1): their positions among the windows of all texts


def length(samples: int, windows: int) -> int:
    """The samples in a window of a sound."""
    return -(-samples // windows)


def starts(samples: int, windows: int) -> list[int]:
    """The first sample of each window. Windows overlap by a few samples if they must."""
    last = samples - length(samples, windows)
    return np.linspace(0, last, windows).round().astype(int).tolist()


def of_sounds(sounds: np.ndarray, windows: int) -> np.ndarray:
    """The windows of sounds (n, samples). Shape (n * windows, samples in a window)."""
    size = length(sounds.shape[1], windows)
    parts = [sounds[:, start : start + size] for start in starts(sounds.shape[1], windows)]
    return np.stack(parts, axis=1).reshape(-1, size)


def sound_encoder(encoder: bytes, samples: int, windows: int) -> bytes:
    """The encoder of sounds (n, samples) int16, from an encoder of their windows."""
    opset = onnx_graph.opset_of(encoder)
    size = length(samples, windows)
    cut = onnx_graph.Graph(opset)
    places = starts(samples, windows)
    parts = [cut("Slice", "payload", [start], [start + size], [1]) for start in places]
    together = cut("Concat", *parts, axis=1)  # (n, windows * samples in a window)
    cut("Reshape", together, [-1, size], output="embedding")
    sounds = (TensorProto.INT16, [samples])
    before = cut.serialised("windows", sounds, output_type=(TensorProto.INT16, 2))

    average = onnx_graph.Graph(opset)
    dimension = average("Slice", average("Shape", "payload"), [1], [2])
    shape = average("Concat", [-1, windows], dimension, axis=0)
    by_window = average("Reshape", "payload", shape)  # (n, windows, dimension)
    average.reduced("ReduceMean", by_window, [1], keepdims=0, output="embedding")
    after = average.serialised("average", (TensorProto.FLOAT, [None]))
    return onnx_graph.joined(onnx_graph.joined(before, encoder), after)


def text_encoder(encoder: bytes, windows: int) -> bytes:
    """The encoder of texts (n, windows, tokens) int64, from an encoder of their windows.

    A text that is shorter than others is filled up with windows of padding, which do not count and
    are not computed. `inference.Model` makes the tokens. It keeps the first `windows` windows of a
    text.

    Parameters
    ----------
    encoder : with a tokenizer that pads, in its metadata
    windows : the largest number of windows of a text
    """
    metadata = {prop.key: prop.value for prop in onnx.load_from_string(encoder).metadata_props}
    padding = json.loads(metadata[TOKENIZER])["padding"]["pad_id"]
    opset = onnx_graph.opset_of(encoder)
    model = onnx.load_from_string(onnx_graph.joined(_cut_texts(padding, opset), encoder))
    onnx_graph.rename(model.graph, {"embedding": "of_windows"})
    average = _averaged_texts(opset)
    model.graph.node.extend(average.nodes)
    for name, array in average.constants.items():
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    model.metadata_props.add(key=WINDOWS, value=str(windows))
    return model.SerializeToString()


def _cut_texts(padding: int, opset: int) -> bytes:
    """The graph from texts (n, windows, tokens) to the windows that are read, (read, tokens)."""
    cut = onnx_graph.Graph(opset)
    is_token = cut("Not", cut("Equal", "payload", padding))  # (n, windows, tokens)
    counted = cut("Cast", is_token, to=TensorProto.FLOAT)
    filled = cut.reduced("ReduceMax", counted, [2], keepdims=0)  # (n, windows)
    first = cut("Max", cut("Slice", filled, [0], [1], [1]), 1.0)  # an empty text has one too
    is_read = cut("Concat", first, cut("Slice", filled, [1], [_ALL], [1]), axis=1, output=_IS_READ)
    cut("Transpose", cut("NonZero", cut("Reshape", is_read, [-1])), output=_PLACES)  # (read, 1)
    tokens = cut("Slice", cut("Shape", "payload"), [2], [3])
    every = cut("Reshape", "payload", cut("Concat", [-1], tokens, axis=0))  # (n * windows, tokens)
    cut("Gather", every, cut("Squeeze", _PLACES, [1]), axis=0, output="embedding")
    texts = (TensorProto.INT64, [None, None])
    return cut.serialised("windows", texts, output_type=(TensorProto.INT64, 2))


def _averaged_texts(opset: int) -> onnx_graph.Graph:
    """The nodes from `of_windows` (read, dimension) to `embedding`; they follow `_cut_texts`."""
    average = onnx_graph.Graph(opset)
    is_read, places = f"before_{_IS_READ}", f"before_{_PLACES}"  # as `joined` calls them
    dimension = average("Slice", average("Shape", "of_windows"), [1], [2])
    n_windows = average("Shape", average("Reshape", is_read, [-1]))  # with those of padding
    nothing = average("ConstantOfShape", average("Concat", n_windows, dimension, axis=0))
    every = average("ScatterND", nothing, places, "of_windows")  # (n * windows, dimension)
    shape = average("Concat", average("Shape", is_read), dimension, axis=0)
    by_text = average("Reshape", every, shape)  # (n, windows, dimension)
    total = average.reduced("ReduceSum", by_text, [1], keepdims=0)
    count = average.reduced("ReduceSum", is_read, [1], keepdims=1)  # (n, 1)
    average("Div", total, count, output="embedding")
    return average
