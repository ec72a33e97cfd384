"""The three files of a BERT in a transformers-format folder, checked as they are read."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.contract import plain_files, validation
from assay.contract.errors import InputError
from assay.contract.inference import panics_raised

CONFIG, TOKENIZER_FILE, WEIGHTS = "config.json", "tokenizer.json", "model.safetensors"
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}  # by the names of safetensors
_AGAIN = "fetch all files of the model again"
_MANY = 2**31  # no count in the config.json of a model is so large
_Count = Annotated[int, Field(ge=1, lt=_MANY)]


class Config(BaseModel):
    """The keys of config.json that are used."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    model_type: Literal["bert"]
    hidden_act: Literal["gelu", "gelu_new"]
    hidden_size: _Count
    num_attention_heads: _Count
    num_hidden_layers: _Count
    layer_norm_eps: float = Field(ge=0, le=1)
    max_position_embeddings: _Count
    pad_token_id: Annotated[int, Field(ge=0, lt=_MANY)]


def config(folder: Path) -> Config:
    try:
        return Config.model_validate_json(_content(folder / CONFIG))
    except ValidationError as error:
        problem = f"{folder / CONFIG}: {validation.first_problem(error)}"
        raise InputError(f"{problem}; export other models as an ONNX file with one input") from None


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
        type_ = tensor["dtype"]
        content = tensor["data"]
        if type_ == "BF16":  # the upper half of a float32
            values = (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
        elif type_ in _FLOATS:
            values = np.frombuffer(content, _FLOATS[type_]).astype(np.float32)
        elif type_.startswith("F"):
            raise InputError(f"{path}: {name} has the type {type_}: save it as float32 or bfloat16")
        else:
            continue
        arrays[name] = values.reshape(tensor["shape"])
    return arrays


def tokenizer(folder: Path, config: Config, n_tokens: int) -> str:
    """The content of tokenizer.json, changed so that long texts are cut and short ones padded.

    `n_tokens` is the number of different tokens that the weights know.
    """
    from tokenizers import Tokenizer

    path = folder / TOKENIZER_FILE
    longest = config.max_position_embeddings
    content = _content(path)
    try:
        with panics_raised():
            tokenizer = Tokenizer.from_str(content.decode())
        truncation = tokenizer.truncation or {"max_length": longest}
        length = min(truncation["max_length"], longest)
        tokenizer.enable_truncation(**truncation | {"max_length": length})
        tokenizer.enable_padding(pad_id=config.pad_token_id)
        largest = max([config.pad_token_id, *tokenizer.get_vocab().values()])
    except Exception as error:  # tokenizers raises only these
        raise InputError(f"{path} cannot be read ({error}): {_AGAIN}") from None
    if largest >= n_tokens:
        raise InputError(f"{path} knows the token {largest}, {WEIGHTS} only {n_tokens}: {_AGAIN}")
    return tokenizer.to_str()


def _content(path: Path) -> bytes:
    try:
        return plain_files.read(path)
    except FileNotFoundError:
        raise InputError(f"{path} is missing beside the other files of the model") from None
