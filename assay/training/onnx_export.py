"""Trained Keras networks as ONNX graphs: the same bytes each time."""

import math
from collections.abc import Callable
from tempfile import TemporaryDirectory

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from assay.contract.errors import quiet
from assay.training import networks, onnx_graph
from assay.training.fitting import set_dtype


def export_classifier(
    model: keras.Model, build: Callable[[], keras.Model], temperature: float
) -> bytes:
    """The graph of a classifier, from `payload` to `probabilities` = softmax(logits / temperature).

    It also gives `evidence`: logits / temperature, then the input of the last layer. `build` makes
    the same network again; its weights do not matter.
    """
    single = _in_float32(model, build)
    logits = single.output / temperature
    evidence = keras.layers.Concatenate()([logits, networks.last_features(single)])
    outputs = {"probabilities": networks.softmax(logits), onnx_graph.EVIDENCE: evidence}
    return _export(single.input, **outputs)


def export_encoder(
    model: keras.Model, build: Callable[[], keras.Model]
) -> tuple[bytes, list[np.ndarray]]:
    """The graph of an encoder, from `payload` to `embedding`, and its weights.

    `build` makes the same network again; its weights do not matter.
    """
    single = _in_float32(model, build)
    dimension = math.prod(single.output.shape[1:])
    # Keras's Flatten is exported in one of two forms, by chance
    embedding = keras.ops.reshape(single.output, (-1, dimension))
    content = _export(single.input, embedding=embedding)
    return content, single.get_weights()


def _in_float32(trained: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """The trained network, built again and with its weights rounded to float32."""
    set_dtype("float32")
    single = build()
    single.set_weights([array.astype(np.float32) for array in trained.get_weights()])
    return single


def _export(payload: keras.KerasTensor, **outputs: keras.KerasTensor) -> bytes:
    """The graph from `payload`, with a free number of rows, to `outputs`."""
    signature = [keras.InputSpec(payload.dtype, (None, *payload.shape[1:]), name="payload")]
    network = keras.Model(payload, outputs)
    with TemporaryDirectory() as folder, quiet():
        path = f"{folder}/model.onnx"
        network.export(path, format="onnx", verbose=False, input_signature=signature)
        exported = onnx.load(path)
    graph = exported.graph
    graph.output.sort(key=lambda value: [*outputs].index(value.name))  # the export sorts by name
    _sort_nodes(graph)
    _rename(graph)
    for value in [*graph.input, *graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = onnx_graph.ROWS  # numbered by hashes too
    for constant in graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT:
            # the export multiplies constants by square roots in float32
            values = onnx_graph.rounded(numpy_helper.to_array(constant))
            constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    del graph.value_info[:]
    graph.ClearField("doc_string")  # it has a number that depends on what TensorFlow did before
    return exported.SerializeToString()


def _sort_nodes(graph: onnx.GraphProto) -> None:
    """Sort nodes by what they read; the exporter's order depends on Python's hashes."""
    makers = {output: node for node in graph.node for output in node.output}
    nodes = []

    def place(output: str) -> None:
        node = makers.get(output)
        if node is None:  # an input, a constant, or placed already
            return
        for name in node.output:
            makers.pop(name, None)
        for name in node.input:
            place(name)
        nodes.append(node)

    for output in graph.output:
        place(output.name)
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: onnx.GraphProto) -> None:
    """Name nodes and tensors by their place: TensorFlow's names depend on what was made before."""
    kept = {value.name for value in [*graph.input, *graph.output]}
    used = [name for node in graph.node for name in [*node.input, *node.output]]
    renamed = dict.fromkeys(name for name in used if name not in kept)
    names = {name: f"t{index}" for index, name in enumerate(renamed) if name}
    onnx_graph.rename(graph, names)
    for index, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{index}"
    graph.initializer.sort(key=lambda constant: int(constant.name[1:]))
