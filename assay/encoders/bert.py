"""BERT as an ONNX graph, from the folder that `bert_folder` reads.

A text's embedding is the mean over its tokens (N. Reimers, I. Gurevych: Sentence-BERT. EMNLP 2019)
and the maximum over them, for each of the last three layers. A linear classifier does better on
this than on the mean of the last layer alone. The tokenizer is stored in the graph's metadata,
where `inference.Model` finds it.

J. Devlin, M. Chang, K. Lee, K. Toutanova: BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding. NAACL 2019.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import TOKENIZER
from assay.encoders import bert_folder
from assay.training import onnx_graph

_TRANSPOSED = ("dense.weight", "query.weight", "key.weight", "value.weight")  # (outputs, inputs)
_POOLED = 3  # so many last layers give their mean and maximum over tokens to the embedding
_WORDS, _PLACES, _SEGMENTS = (
    f"embeddings.{name}_embeddings.weight" for name in ("word", "position", "token_type")
)
_OPSET = 17  # the first with LayerNormalization
_LOW = -1e9  # added to the score of padding


def encoder_graph(folder: Path) -> bytes:
    """The graph from `payload`, token ids (n, tokens) int64, to `embedding` (n, width).

    Raises
    ------
    InputError
        If a file is missing or damaged, the model is no BERT, or the files do not fit together.
    """
    config = bert_folder.config(folder)
    weights = bert_folder.weights(folder)
    graph = _Bert(weights, config)
    try:
        graph.add_embedding()
    except InputError as error:
        remedy = "fetch all files of one model again"
        where = f"{folder / bert_folder.WEIGHTS} does not fit {bert_folder.CONFIG}"
        raise InputError(f"{where}: {error}: {remedy}") from None
    content = graph.serialised("bert", (TensorProto.INT64, [None]))
    tokenizer = bert_folder.tokenizer(folder, config, len(graph.constants[_WORDS]))
    return onnx_graph.with_metadata(content, {TOKENIZER: tokenizer})


class _Bert(onnx_graph.Graph):
    """The nodes of a BERT.

    Parameters
    ----------
    weights : float32, by their names in transformers
    config : the content of config.json

    Raises
    ------
    InputError
        If a weight is missing, has another shape, or belongs to a layer that is not used.
    """

    def __init__(self, weights: dict[str, np.ndarray], config: bert_folder.Config) -> None:
        super().__init__(_OPSET)
        self.config = config
        self.width = config.hidden_size
        self.heads = config.num_attention_heads
        for name, values in sorted(weights.items()):  # a file gives them in any order
            turned = values.T if name.endswith(_TRANSPOSED) else values
            self.constants[name.removeprefix("bert.")] = turned

    def weight(self, name: str, *shape: int | None) -> str:
        """Check that a weight is there and has this shape (None: any length). Return its name."""
        if name not in self.constants:
            raise InputError(f"no weight {name}")
        given = self.constants[name].shape
        fits = [length in (None, side) for length, side in zip(shape, given, strict=False)]
        if len(given) != len(shape) or not all(fits):
            raise InputError(f"{name} has the shape {given}")
        return name

    def add_embedding(self) -> None:
        """Add all nodes from token ids to the embedding."""
        padding = self("Equal", "payload", self.config.pad_token_id)  # (n, tokens)
        padding_axes = self("Unsqueeze", self("Cast", padding, to=TensorProto.FLOAT), [1, 2])
        mask = self("Mul", padding_axes, _LOW)  # (n, 1, 1, tokens)
        longest = self.config.max_position_embeddings
        words = self("Gather", self.weight(_WORDS, None, self.width), "payload")
        segment = self("Gather", self.weight(_SEGMENTS, None, self.width), 0)
        length = self("Slice", self("Shape", "payload"), [1], [2])
        places = self("Slice", self.weight(_PLACES, longest, self.width), [0], length)
        summed = self("Add", self("Add", words, segment), places)
        x = self.layer_norm(summed, "embeddings.LayerNorm")  # (n, tokens, width)
        present = self("Cast", self("Not", padding), to=TensorProto.FLOAT)
        present = self("Unsqueeze", present, [2])  # (n, tokens, 1)
        count = self("ReduceSum", present, [1], keepdims=0)
        low = self("Mul", self("Sub", 1.0, present), _LOW)
        pooled = []
        layers = self.config.num_hidden_layers
        if any(name.startswith(f"encoder.layer.{layers}.") for name in self.constants):
            raise InputError(f"more than {layers} layers")
        for number in range(layers):
            x = self.encoder_layer(x, mask, f"encoder.layer.{number}")
            total = self("ReduceSum", self("Mul", x, present), [1], keepdims=0)
            pooled.append(self("Div", total, count))
            pooled.append(self("ReduceMax", self("Add", x, low), axes=[1], keepdims=0))
        self("Concat", *pooled[-2 * _POOLED :], output="embedding", axis=1)

    def encoder_layer(self, x: str, mask: str, layer: str) -> str:
        """Attention of each token to all, then two dense layers. Shape (n, tokens, width)."""
        mixed = self.attention(x, mask, f"{layer}.attention.self")
        attended = self.dense(mixed, f"{layer}.attention.output.dense")
        x = self.layer_norm(self("Add", x, attended), f"{layer}.attention.output.LayerNorm")
        hidden = self.gelu(self.dense(x, f"{layer}.intermediate.dense", (self.width, None)))
        change = self.dense(hidden, f"{layer}.output.dense", (None, self.width))
        return self.layer_norm(self("Add", x, change), f"{layer}.output.LayerNorm")

    def attention(self, x: str, mask: str, layer: str) -> str:
        """What each token takes from the others. Shape (n, tokens, width)."""
        shape = [0, 0, self.heads, self.width // self.heads]
        orders = {"query": [0, 2, 1, 3], "key": [0, 2, 3, 1], "value": [0, 2, 1, 3]}
        parts = []
        for part, order in orders.items():
            split = self("Reshape", self.dense(x, f"{layer}.{part}"), shape)
            parts.append(self("Transpose", split, perm=order))
        query, key, value = parts  # (n, heads, tokens, w), (n, heads, w, tokens), as the first
        scale = float(np.sqrt(self.width / self.heads))
        scores = self("Div", self("MatMul", query, key), scale)  # (n, heads, tokens, tokens)
        shares = self.softmax(self("Add", scores, mask))
        mixed = self("Transpose", self("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self("Reshape", mixed, [0, 0, self.width])

    def dense(self, x: str, layer: str, shape: tuple[int | None, int | None] | None = None) -> str:
        """Multiply by a matrix (inputs, outputs), by default (width, width), and add a bias."""
        inputs, outputs = shape or (self.width, self.width)
        product = self("MatMul", x, self.weight(f"{layer}.weight", inputs, outputs))
        return self("Add", product, self.weight(f"{layer}.bias", outputs))

    def layer_norm(self, x: str, layer: str) -> str:
        names = [self.weight(f"{layer}.{part}", self.width) for part in ("weight", "bias")]
        return self("LayerNormalization", x, *names, epsilon=self.config.layer_norm_eps)

    def gelu(self, x: str) -> str:
        if self.config.hidden_act == "gelu_new":  # by tanh, as Google trained the first BERT
            cubic = self("Mul", self("Mul", self("Mul", x, x), x), 0.044715)
            share = self("Tanh", self("Mul", self("Add", x, cubic), float(np.sqrt(2 / np.pi))))
        else:
            share = self("Erf", self("Div", x, 2**0.5))
        return self("Mul", self("Mul", x, 0.5), self("Add", share, 1.0))
