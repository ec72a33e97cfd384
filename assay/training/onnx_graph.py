"""ONNX graphs written node by node, and the joining of graphs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

# domains of operators that are not ONNX's own
_DOMAINS = {"Tokenizer": "com.microsoft", "LabelEncoder": "ai.onnx.ml"}
_DIGITS = 12  # a constant keeps so many of its 24 binary digits
EVIDENCE = "evidence"  # the output of a classifier that `unlike` reads: logits, features
ROWS = "n"  # name of the first axis of inputs and outputs
# as in Keras's export, so that graphs can be joined
_OPSETS = {"": 15, "ai.onnx.ml": 2, "com.microsoft": 1}
_IR_VERSION = 8
# the first opset in which a reduction takes axes as an input
_AXES_ARE_INPUTS = {"ReduceSum": 13, "ReduceMax": 18, "ReduceMean": 18}

Value = float | Sequence | np.ndarray  # of a constant
ElementType = int  # of TensorProto


class Graph:
    """A graph that grows by one node with each call.

    Parameters
    ----------
    opset : version of ONNX's own operators
    """

    def __init__(self, opset: int = _OPSETS[""]) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def __call__(self, op: str, *inputs: str | Value, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output.

        Parameters
        ----------
        op : name of the operator
        inputs : names of outputs of other nodes, or values of constants
        output : name of the output; by default it is made from `op`
        attributes : of the operator
        """
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        output = output or f"{op}_{len(self.nodes)}"
        domain = _DOMAINS.get(op, "")
        self.nodes.append(helper.make_node(op, names, [output], domain=domain, **attributes))
        return output

    def constant(self, value: Value) -> str:
        """Add an array, as float32 or int64, and return its name. Several nodes may read it."""
        array = np.asarray(value)
        return self.exact(array.astype(np.float32 if array.dtype.kind == "f" else np.int64))

    def exact(self, values: np.ndarray) -> str:
        """Add an array in its own type, such as float64 or uint8, and return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants[name] = values
        return name

    def reduced(self, op: str, x: str, axes: Sequence[int], **attributes: Any) -> str:
        """Add a reduction over some axes, such as ReduceMax, in the form of this opset."""
        if self.opset >= _AXES_ARE_INPUTS[op]:
            return self(op, x, axes, **attributes)
        return self(op, x, axes=axes, **attributes)

    def softmax(self, x: str, output: str = "") -> str:
        """Add a softmax in single nodes: ONNX Runtime's own rounds differently by processor."""
        powers = self("Exp", self("Sub", x, self.reduced("ReduceMax", x, [-1])))
        return self("Div", powers, self.reduced("ReduceSum", powers, [-1]), output=output)

    def serialised(
        self,
        name: str,
        payload: tuple[ElementType, Sequence[int | None]],
        *,
        outputs: Sequence[str] = ("embedding",),
        output_type: tuple[ElementType, int] = (TensorProto.FLOAT, 2),
    ) -> bytes:
        """The content of an ONNX file. Constants that no node reads are left out.

        Parameters
        ----------
        name : of the graph
        payload : element type and shape of one example of the input `payload`
        outputs : names of the nodes' outputs that the graph returns
        output_type : their element type and number of axes, with the axis of examples
        """
        element_type, shape = payload
        output_element_type, n_axes = output_type
        tensor = helper.make_tensor_value_info
        output_shape = [ROWS] + [None] * (n_axes - 1)
        inputs = [tensor("payload", element_type, [ROWS, *shape])]
        returned = [tensor(output, output_element_type, output_shape) for output in outputs]
        read = {name for node in self.nodes for name in node.input}
        kept = {constant: value for constant, value in self.constants.items() if constant in read}
        constants = [numpy_helper.from_array(value, constant) for constant, value in kept.items()]
        graph = helper.make_graph(self.nodes, name, inputs, returned, constants)
        versions = _OPSETS | {"": self.opset}
        domains = sorted({node.domain for node in self.nodes} | {""})
        opsets = [helper.make_opsetid(domain, versions[domain]) for domain in domains]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model.SerializeToString()


def identity(element_type: ElementType, shape: Sequence[int]) -> bytes:
    """A graph that returns `payload` unchanged; `joined` leaves it out."""
    graph = Graph()
    graph("Identity", "payload", output="embedding")
    output_type = (element_type, 1 + len(shape))
    return graph.serialised("as_it_is", (element_type, shape), output_type=output_type)


def joined(first: bytes, second: bytes, output: str = "embedding") -> bytes:
    """One graph from two: the second reads `output` of the first. Its outputs are returned."""
    before = onnx.load_from_string(first)
    after = onnx.load_from_string(second)
    constants = {constant.name for constant in after.graph.initializer}  # inputs too in old files
    (payload,) = (value.name for value in after.graph.input if value.name not in constants)
    if [node.op_type for node in before.graph.node] == ["Identity"]:
        rename(after.graph, {payload: "payload"})
        after.metadata_props.extend(before.metadata_props)
        return after.SerializeToString()
    before.ir_version = after.ir_version = max(before.ir_version, after.ir_version)
    for model in (before, after):  # each must name the operator sets of the other
        domains = {opset.domain for opset in model.opset_import}
        all_opsets = [*before.opset_import, *after.opset_import]
        model.opset_import.extend(opset for opset in all_opsets if opset.domain not in domains)
    before = compose.add_prefix(before, "before_", rename_inputs=False)
    after = compose.add_prefix(after, "after_", rename_outputs=False)
    connection = (f"before_{output}", f"after_{payload}")
    outputs = [value.name for value in after.graph.output]
    return compose.merge_models(before, after, [connection], outputs=outputs).SerializeToString()


def with_replaced_output(content: bytes, replacement: bytes, output: str) -> bytes:
    """A graph in which the outputs of a second graph, which reads `output`, replace `output`.

    The second graph has one input, `payload`. Both graphs may use the same names.
    """
    model = onnx.load_from_string(content)
    second = onnx.load_from_string(replacement)
    second = compose.add_prefix(second, "second_", rename_inputs=False, rename_outputs=False)
    rename(second.graph, {"payload": output})
    (replaced,) = (value for value in model.graph.output if value.name == output)
    model.graph.output.remove(replaced)
    model.graph.output.extend(second.graph.output)
    model.graph.node.extend(second.graph.node)
    model.graph.initializer.extend(second.graph.initializer)
    return model.SerializeToString()


def rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Rename tensors: `names` maps old names to new ones. `graph.output` keeps the old names."""
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in [*graph.input, *graph.initializer]:
        value.name = names.get(value.name, value.name)


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """The graph with this metadata instead of its own."""
    model = onnx.load_from_string(content)
    helper.set_model_props(model, metadata)
    return model.SerializeToString()


def linear_head(
    coef: np.ndarray, intercept: np.ndarray, opset: int = _OPSETS[""], *, wide: bool = False
) -> bytes:
    """From `payload` (n, features) float32 to `probabilities` and `evidence`.

    The evidence is the logits, then the features. `wide` features are left out.
    """
    graph = Graph(opset)
    logits = graph("Add", graph("MatMul", "payload", coef), intercept)
    graph.softmax(logits, output="probabilities")
    parts = [logits] if wide else [logits, "payload"]
    graph("Concat", *parts, axis=1, output=EVIDENCE)
    features = (TensorProto.FLOAT, coef.shape[:1])
    return graph.serialised("head", features, outputs=["probabilities", EVIDENCE])


def with_linear_head(
    encoder: bytes,
    coef: np.ndarray,
    intercept: np.ndarray,
    temperature: float,
    output: str = "embedding",
) -> bytes:
    """An encoder with a linear head on its `output`: it gives `probabilities` and `evidence`."""
    wide = output != "embedding"
    head = linear_head(coef / temperature, intercept / temperature, opset_of(encoder), wide=wide)
    return joined(encoder, head, output)


def opset_of(content: bytes) -> int:
    """The version of ONNX's own operators that a graph uses; 0 if it uses none."""
    opsets = onnx.load_from_string(content).opset_import
    return next((opset.version for opset in opsets if opset.domain in ("", "ai.onnx")), 0)


def rounded(values: np.ndarray, *, alike: bool = False) -> np.ndarray:
    """Values rounded to 12 binary digits; if `alike`, all to the 12th digit of the largest one.

    The last digits depend on the processor. If a value should be zero, all its digits and its sign
    depend on the processor.
    """
    _, exponent = np.frexp(values)
    exponent = exponent.max() if alike else exponent
    digits = np.rint(np.ldexp(values, _DIGITS - exponent))
    return np.ldexp(digits, exponent - _DIGITS) + 0.0  # -0.0 becomes 0.0
