"""ONNX graphs that are written out node by node, because no network framework made them, and joined to others."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

_DOMAINS = {
    "Tokenizer": "com.microsoft",
    "LabelEncoder": "ai.onnx.ml",
}  # of operators that are not ONNX's own
_OPSETS = {
    "": 15,
    "ai.onnx.ml": 2,
    "com.microsoft": 1,
}  # those of Keras's export, so that graphs can be put together
_IR_VERSION = 8


class Graph:
    """A graph that is written down node by node, each named as it is made.

    Parameters
    ----------
    opset : version of ONNX's own operators
    """

    def __init__(self, opset: int = _OPSETS[""]) -> None:
        self.opset, self.nodes, self.constants = opset, [], {}

    def __call__(
        self, op: str, *inputs: str | float | Sequence | np.ndarray, output: str = "", **how: object
    ) -> str:
        """Add a node, of outputs of others or of numbers, and say what its output is called."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        output = output or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [output], domain=_DOMAINS.get(op, ""), **how))
        return output

    def constant(self, value: float | Sequence | np.ndarray) -> str:
        """Name an array, float32 or int64, that more than one node may read."""
        name, array = f"constant_{len(self.constants)}", np.asarray(value)
        self.constants[name] = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        return name

    def reduced(self, op: str, x: str, axes: Sequence[int], **how: object) -> str:
        """Add a node that takes the maximum or the mean over some axes; operators of version 18 take them as input."""
        return self(op, x, axes, **how) if self.opset >= 18 else self(op, x, axes=axes, **how)

    def softmax(self, x: str, output: str = "") -> str:
        """Written out, since ONNX Runtime's own gives other last bits on other processors."""
        powers = self("Exp", self("Sub", x, self.reduced("ReduceMax", x, [-1])))
        return self("Div", powers, self("ReduceSum", powers, [-1]), output=output)

    def to_onnx(
        self,
        name: str,
        payload: tuple[int, Sequence],
        *,
        outputs: Sequence[str] = ("embedding",),
        gives: tuple[int, int] = (TensorProto.FLOAT, 2),
    ) -> bytes:
        """What was written down, from `payload` (n, ...), of which the element type and shape are given, to `outputs`.

        `gives` are the element type and number of axes of the outputs. Constants that no node reads are left out.
        """
        kind, shape = payload
        read = {name for node in self.nodes for name in node.input}
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("payload", kind, ["n", *shape])],
            [
                helper.make_tensor_value_info(output, gives[0], ["n"] + [None] * (gives[1] - 1))
                for output in outputs
            ],
            [
                numpy_helper.from_array(value, name)
                for name, value in self.constants.items()
                if name in read
            ],
        )
        domains = sorted({node.domain for node in self.nodes} | {""})
        opsets = [
            helper.make_opsetid(domain, _OPSETS[domain] if domain else self.opset)
            for domain in domains
        ]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model.SerializeToString()


def as_it_is(kind: int, shape: Sequence[int]) -> bytes:
    """The graph that changes nothing; `then` leaves it out."""
    graph = Graph()
    graph("Identity", "payload", output="embedding")
    return graph.to_onnx("as_it_is", (kind, shape), gives=(kind, 1 + len(shape)))


def then(first: bytes, second: bytes, output: str = "embedding") -> bytes:
    """One graph of two: what the first gives as `output` is the payload of the second, whose outputs are kept."""
    before, after = onnx.load_from_string(first), onnx.load_from_string(second)
    if [node.op_type for node in before.graph.node] == ["Identity"]:
        after.metadata_props.extend(before.metadata_props)
        return after.SerializeToString()
    before.ir_version = after.ir_version = max(before.ir_version, after.ir_version)
    for model in (before, after):  # both name what the other's operators come from
        known = {opset.domain for opset in model.opset_import}
        others = [*before.opset_import, *after.opset_import]
        model.opset_import.extend(opset for opset in others if opset.domain not in known)
    before = compose.add_prefix(before, "before_", rename_inputs=False)
    (taken,) = (value.name for value in after.graph.input)
    after = compose.add_prefix(after, "after_", rename_outputs=False)
    outputs = [each.name for each in after.graph.output]
    joined = compose.merge_models(
        before, after, [(f"before_{output}", f"after_{taken}")], outputs=outputs
    )
    return joined.SerializeToString()


def linear_head(coef: np.ndarray, intercept: np.ndarray, opset: int = _OPSETS[""]) -> bytes:
    """From `payload` (n, features) float32 to `probabilities` = softmax(payload · coef + intercept)."""
    graph = Graph(opset)
    graph.softmax(graph("Add", graph("MatMul", "payload", coef), intercept), output="probabilities")
    return graph.to_onnx("head", (TensorProto.FLOAT, coef.shape[:1]), outputs=["probabilities"])


def opset(content: bytes) -> int:
    """The version of ONNX's own operators that a graph uses."""
    return next(
        each.version
        for each in onnx.load_from_string(content).opset_import
        if each.domain in ("", "ai.onnx")
    )
