"""BERT as an ONNX graph, from a transformers-format folder: config.json, model.safetensors, tokenizer.json.

J. Devlin, M. Chang, K. Lee, K. Toutanova: BERT: Pre-training of Deep Bidirectional Transformers. NAACL 2019. A text's
embedding is the mean over its tokens (Reimers and Gurevych: Sentence-BERT. EMNLP 2019) and the maximum, of the last
layers: on these a linear classifier does better than on the last mean alone. The tokenizer travels in the graph's
metadata, where `inference.Model` finds it.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import TOKENIZER
from assay.training import onnx_graph

_KIND = {"model_type": ["bert"], "hidden_act": ["gelu", "gelu_new"]}  # what is written out here
WEIGHTS = "model.safetensors"
_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
# texts that are too long, and those that are shorter than others, as tokenizer.json says
_CUT = {"strategy": "LongestFirst", "direction": "Right", "stride": 0}
_FILL = {"strategy": "BatchLongest", "direction": "Right", "pad_type_id": 0, "pad_token": "[PAD]"}
_POOLED = 3  # layers from the last on, of which mean and maximum over a text's tokens are kept
_OPSET = 17  # the first with LayerNormalization
_LOW = -1e9  # added to the score of a token that is only there to fill up


def to_onnx(folder: Path) -> bytes:
    """The graph from `payload`, token ids (n, tokens) int64, to `embedding` (n, width).

    Raises
    ------
    InputError
        If a file is missing or damaged, or the model is no BERT.
    """
    from safetensors import SafetensorError
    from safetensors import numpy as safetensors

    try:
        config, tokenizer = (
            json.loads((folder / name).read_text("utf-8")) for name in (_CONFIG, _TOKENIZER)
        )
        weights = safetensors.load((folder / WEIGHTS).read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            f"{error.filename} is missing: a folder needs {_CONFIG}, {_TOKENIZER} and {WEIGHTS}"
        ) from None
    except (ValueError, SafetensorError) as error:
        raise InputError(f"{folder} cannot be read ({error}): fetch it again") from None
    for key, values in _KIND.items():
        if config.get(key) not in values:
            wrong = f"{folder / _CONFIG}: {key} is {config.get(key)!r}; of folders only {' or '.join(values)} will do"
            raise InputError(f"{wrong}: export it as an ONNX file with one input")
    graph = _Bert(weights, config)
    graph.embed()
    model = onnx.load_from_string(graph.to_onnx("bert", (TensorProto.INT64, [None])))
    most = config["max_position_embeddings"]
    tokenizer["truncation"] = tokenizer.get("truncation") or _CUT | {"max_length": most}
    tokenizer["padding"] = _FILL | {"pad_id": config["pad_token_id"]}
    onnx.helper.set_model_props(model, {TOKENIZER: json.dumps(tokenizer)})
    return model.SerializeToString()


class _Bert(onnx_graph.Graph):
    """Its nodes.

    Parameters
    ----------
    weights : by name, as transformers names them
    config : as config.json has it
    """

    def __init__(self, weights: dict[str, np.ndarray], config: dict) -> None:
        super().__init__(_OPSET)
        self.config = config
        named = (
            (name.removeprefix("bert."), array.astype(np.float32))
            for name, array in weights.items()
        )
        turned = ("dense.weight", "query.weight", "key.weight", "value.weight")
        self.constants = {
            name: array.T if name.endswith(turned) else array for name, array in named
        }
        self.width, self.heads = config["hidden_size"], config["num_attention_heads"]

    def embed(self) -> None:
        """From token ids to what is kept of a text."""
        filling = self("Equal", "payload", self.config["pad_token_id"])
        mask = self(
            "Mul", self("Unsqueeze", self("Cast", filling, to=TensorProto.FLOAT), [1, 2]), _LOW
        )  # (n, 1, 1, t)
        words = self("Gather", "embeddings.word_embeddings.weight", "payload")
        segment = self("Gather", "embeddings.token_type_embeddings.weight", 0)
        length = self("Slice", self("Shape", "payload"), [1], [2])
        places = self("Slice", "embeddings.position_embeddings.weight", [0], length)
        x = self.norm(
            self("Add", self("Add", words, segment), places), "embeddings.LayerNorm"
        )  # (n, tokens, width)
        real = self(
            "Unsqueeze", self("Cast", self("Not", filling), to=TensorProto.FLOAT), [2]
        )  # (n, tokens, 1)
        count = self("ReduceSum", real, [1], keepdims=0)
        low = self("Mul", self("Sub", 1.0, real), _LOW)
        pooled = []
        for number in range(self.config["num_hidden_layers"]):
            x = self.layer(x, mask, f"encoder.layer.{number}")
            pooled.append(
                self("Div", self("ReduceSum", self("Mul", x, real), [1], keepdims=0), count)
            )
            pooled.append(self("ReduceMax", self("Add", x, low), axes=[1], keepdims=0))
        self("Concat", *pooled[-2 * _POOLED :], output="embedding", axis=1)

    def layer(self, x: str, mask: str, own: str) -> str:
        """Each token attends to all, then goes through two dense layers of its own. Shape (n, tokens, width)."""
        parts = (
            self.dense(x, f"{own}.attention.self.{part}") for part in ("query", "key", "value")
        )
        orders = ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])
        split = (
            self("Reshape", part, [0, 0, self.heads, self.width // self.heads]) for part in parts
        )
        query, key, value = (
            self("Transpose", part, perm=order) for part, order in zip(split, orders, strict=True)
        )
        scores = self(
            "Div", self("MatMul", query, key), float(np.sqrt(self.width / self.heads))
        )  # (n, heads, t, t)
        weights = self.softmax(self("Add", scores, mask))
        mixed = self("Transpose", self("MatMul", weights, value), perm=[0, 2, 1, 3])
        attended = self.dense(
            self("Reshape", mixed, [0, 0, self.width]), f"{own}.attention.output.dense"
        )
        x = self.norm(self("Add", x, attended), f"{own}.attention.output.LayerNorm")
        thought = self.dense(
            self.gelu(self.dense(x, f"{own}.intermediate.dense")), f"{own}.output.dense"
        )
        return self.norm(self("Add", x, thought), f"{own}.output.LayerNorm")

    def dense(self, x: str, layer: str) -> str:
        return self("Add", self("MatMul", x, f"{layer}.weight"), f"{layer}.bias")

    def norm(self, x: str, layer: str) -> str:
        epsilon = self.config["layer_norm_eps"]
        return self("LayerNormalization", x, f"{layer}.weight", f"{layer}.bias", epsilon=epsilon)

    def gelu(self, x: str) -> str:
        if self.config["hidden_act"] == "gelu_new":  # by tanh, as Google trained the first BERT
            cubic = self("Mul", self("Mul", self("Mul", x, x), x), 0.044715)
            share = self("Tanh", self("Mul", self("Add", x, cubic), float(np.sqrt(2 / np.pi))))
        else:
            share = self("Erf", self("Div", x, 2**0.5))
        return self("Mul", self("Mul", x, 0.5), self("Add", share, 1.0))
