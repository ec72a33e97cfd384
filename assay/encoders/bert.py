"""BERT as an ONNX graph, from the three files of a transformers-format folder.

A text's embedding is the mean over its tokens (N. Reimers, I. Gurevych: Sentence-BERT. EMNLP 2019)
and the maximum, of the last layers. A linear classifier does better on these than on the last mean
alone. The tokenizer travels in the graph's metadata, where `inference.Model` finds it.

J. Devlin, M. Chang, K. Lee, K. Toutanova: BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding. NAACL 2019.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import TOKENIZER
from assay.training import onnx_graph

WEIGHTS = "model.safetensors"
_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_SUPPORTED = {"model_type": ["bert"], "hidden_act": ["gelu", "gelu_new"]}
# how tokenizer.json describes that long texts are cut, and short ones padded
_TRUNCATION = {"strategy": "LongestFirst", "direction": "Right", "stride": 0}
_PADDING: dict[str, Any] = {"strategy": "BatchLongest", "direction": "Right"}
_PADDING |= {"pad_type_id": 0, "pad_token": "[PAD]"}
_TRANSPOSED = ("dense.weight", "query.weight", "key.weight", "value.weight")  # (outputs, inputs)
_POOLED = 3  # last layers whose mean and maximum over a text's tokens make the embedding
_OPSET = 17  # the first with LayerNormalization
_LOW = -1e9  # added to the score of padding


def encoder_graph(folder: Path) -> bytes:
    """The graph from `payload`, token ids (n, tokens) int64, to `embedding` (n, width).

    Raises
    ------
    InputError
        If a file is missing or damaged, or the model is no BERT.
    """
    config, tokenizer, weights = _read(folder)
    for key, values in _SUPPORTED.items():
        if config.get(key) not in values:
            only = f"only {' or '.join(values)} is supported in a folder"
            wrong = f"{folder / _CONFIG}: {key} is {config.get(key)!r}, but {only}"
            raise InputError(f"{wrong}: export the model as an ONNX file with one input")
    graph = _Bert(weights, config)
    graph.add_embedding()
    model = onnx.load_from_string(graph.serialised("bert", (TensorProto.INT64, [None])))
    truncation = _TRUNCATION | {"max_length": config["max_position_embeddings"]}
    tokenizer["truncation"] = tokenizer.get("truncation") or truncation
    tokenizer["padding"] = _PADDING | {"pad_id": config["pad_token_id"]}
    onnx.helper.set_model_props(model, {TOKENIZER: json.dumps(tokenizer)})
    return model.SerializeToString()


def _read(folder: Path) -> tuple[dict, dict, dict[str, np.ndarray]]:
    """The content of config.json, of tokenizer.json, and the weights by name."""
    from safetensors import SafetensorError
    from safetensors import numpy as safetensors

    try:
        config = json.loads((folder / _CONFIG).read_text("utf-8"))
        tokenizer = json.loads((folder / _TOKENIZER).read_text("utf-8"))
        return config, tokenizer, safetensors.load((folder / WEIGHTS).read_bytes())
    except FileNotFoundError as error:
        needed = f"a folder needs {_CONFIG}, {_TOKENIZER} and {WEIGHTS}"
        raise InputError(f"{error.filename} is missing: {needed}") from None
    except (ValueError, SafetensorError) as error:
        raise InputError(f"{folder} cannot be read ({error}): fetch it again") from None


class _Bert(onnx_graph.Graph):
    """The nodes of a BERT.

    Parameters
    ----------
    weights : by name, as transformers names them
    config : the content of config.json
    """

    def __init__(self, weights: dict[str, np.ndarray], config: dict) -> None:
        super().__init__(_OPSET)
        self.config = config
        self.width, self.heads = config["hidden_size"], config["num_attention_heads"]
        for name, array in sorted(weights.items()):  # a file gives them in any order
            values = array.astype(np.float32)
            values = values.T if name.endswith(_TRANSPOSED) else values
            self.constants[name.removeprefix("bert.")] = values

    def add_embedding(self) -> None:
        """Add all nodes from token ids to the embedding."""
        padding = self("Equal", "payload", self.config["pad_token_id"])  # (n, tokens)
        padding_axes = self("Unsqueeze", self("Cast", padding, to=TensorProto.FLOAT), [1, 2])
        mask = self("Mul", padding_axes, _LOW)  # (n, 1, 1, tokens)
        words = self("Gather", "embeddings.word_embeddings.weight", "payload")
        segment = self("Gather", "embeddings.token_type_embeddings.weight", 0)
        length = self("Slice", self("Shape", "payload"), [1], [2])
        places = self("Slice", "embeddings.position_embeddings.weight", [0], length)
        summed = self("Add", self("Add", words, segment), places)
        x = self.layer_norm(summed, "embeddings.LayerNorm")  # (n, tokens, width)
        present = self("Cast", self("Not", padding), to=TensorProto.FLOAT)
        present = self("Unsqueeze", present, [2])  # (n, tokens, 1)
        count = self("ReduceSum", present, [1], keepdims=0)
        low = self("Mul", self("Sub", 1.0, present), _LOW)
        pooled = []
        for number in range(self.config["num_hidden_layers"]):
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
        hidden = self.gelu(self.dense(x, f"{layer}.intermediate.dense"))
        change = self.dense(hidden, f"{layer}.output.dense")
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

    def dense(self, x: str, layer: str) -> str:
        return self("Add", self("MatMul", x, f"{layer}.weight"), f"{layer}.bias")

    def layer_norm(self, x: str, layer: str) -> str:
        epsilon = self.config["layer_norm_eps"]
        return self("LayerNormalization", x, f"{layer}.weight", f"{layer}.bias", epsilon=epsilon)

    def gelu(self, x: str) -> str:
        if self.config["hidden_act"] == "gelu_new":  # by tanh, as Google trained the first BERT
            cubic = self("Mul", self("Mul", self("Mul", x, x), x), 0.044715)
            share = self("Tanh", self("Mul", self("Add", x, cubic), float(np.sqrt(2 / np.pi))))
        else:
            share = self("Erf", self("Div", x, 2**0.5))
        return self("Mul", self("Mul", x, 0.5), self("Add", share, 1.0))
