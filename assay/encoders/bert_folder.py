"""The three files of a BERT in a transformers-format folder, checked as they are read."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assay.contract import validation
from assay.contract.errors import InputError

CONFIG, TOKENIZER, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
_SUPPORTED = {"model_type": ["bert"], "hidden_act": ["gelu", "gelu_new"]}
# how tokenizer.json describes that long texts are cut, and short ones padded
_TRUNCATION = {"strategy": "LongestFirst", "direction": "Right", "stride": 0}
_PADDING: dict[str, Any] = {"strategy": "BatchLongest", "direction": "Right"}
_PADDING |= {"pad_type_id": 0, "pad_token": "[PAD]"}
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}  # by the names of safetensors
_AGAIN = "fetch all files of the model again"
_MANY = 2**31  # more than any model has of anything that config.json counts
_Count = Annotated[int, Field(ge=1, lt=_MANY)]


class Config(BaseModel):
    """What is used of config.json."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    model_type: str
    hidden_act: str
    hidden_size: _Count
    num_attention_heads: _Count
    num_hidden_layers: _Count
    layer_norm_eps: float = Field(ge=0, le=1)
    max_position_embeddings: _Count
    pad_token_id: Annotated[int, Field(ge=0, lt=_MANY)]

    @model_validator(mode="after")
    def _supported(self) -> "Config":
        for key, values in _SUPPORTED.items():
            if getattr(self, key) not in values:
                only = f"only {' or '.join(values)} is supported in a folder"
                wrong = f"{key} is {getattr(self, key)!r}, but {only}"
                raise ValueError(f"{wrong}: export the model as an ONNX file with one input")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError("hidden_size must be a multiple of num_attention_heads")
        return self


def config(folder: Path) -> Config:
    try:
        return Config.model_validate_json(_content(folder / CONFIG))
    except ValidationError as error:
        problem = validation.first_problem(error)
        raise InputError(f"{folder / CONFIG}: {problem}") from None


def weights(folder: Path) -> dict[str, np.ndarray]:
    """The weights by name, float32; tensors of whole numbers, such as positions, are left out."""
    from safetensors import SafetensorError, deserialize

    path = folder / WEIGHTS
    try:
        tensors = deserialize(_content(path))
    except SafetensorError as error:
        raise InputError(f"{path} cannot be read ({error}): {_AGAIN}") from None
    arrays = {}
    for name, tensor in tensors:
        type_, content = tensor["dtype"], tensor["data"]
        if type_ == "BF16":  # the upper half of a float32
            values = (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
        elif type_ in _FLOATS:
            values = np.frombuffer(content, _FLOATS[type_]).astype(np.float32)
        elif type_.startswith("F"):
            remedy = "save it as float32 or bfloat16"
            raise InputError(f"{path}: {name} has the type {type_}: {remedy}")
        else:
            continue
        arrays[name] = values.reshape(tensor["shape"])
    return arrays


def tokenizer(folder: Path, config: Config, n_tokens: int) -> str:
    """The content of tokenizer.json, so that long texts are cut and short ones padded.

    `n_tokens` is the number of different tokens that the weights know.
    """
    from tokenizers import Tokenizer

    path, longest = folder / TOKENIZER, config.max_position_embeddings
    try:
        content = json.loads(_content(path))
        cut: dict[str, Any] = content.get("truncation") or _TRUNCATION | {"max_length": longest}
        content["truncation"] = cut | {"max_length": min(cut["max_length"], longest)}
        content["padding"] = _PADDING | {"pad_id": config.pad_token_id}
        changed = json.dumps(content)
        largest = max([config.pad_token_id, *Tokenizer.from_str(changed).get_vocab().values()])
    except InputError:
        raise
    except Exception as error:  # tokenizers raises plain ones
        raise InputError(f"{path} cannot be read ({error}): {_AGAIN}") from None
    if largest >= n_tokens:
        known = f"knows the token {largest}, but {WEIGHTS} has {n_tokens} tokens"
        raise InputError(f"{path} {known}: {_AGAIN}")
    return changed


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        needed = f"a folder needs {CONFIG}, {TOKENIZER} and {WEIGHTS}"
        raise InputError(f"{path} is missing: {needed}") from None
