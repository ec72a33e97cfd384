"""A very small BERT for tests: random weights, and a few words."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WIDTH, INNER = 32, 40
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "num_attention_heads": 2,
    "num_hidden_layers": 4,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 16,
    "pad_token_id": 0,
}


def save(folder: Path, words: Sequence[str]) -> None:
    """Write a folder in the format of transformers."""
    rng = np.random.default_rng(0)
    shapes = {
        "word_embeddings": (len(SPECIAL) + len(words), WIDTH),
        "position_embeddings": (16, WIDTH),
        "token_type_embeddings": (2, WIDTH),
    }
    weights = {
        f"embeddings.{name}.weight": rng.normal(size=shape) for name, shape in shapes.items()
    }
    norms = ["embeddings.LayerNorm"]
    for number in range(4):
        own = f"encoder.layer.{number}"
        parts = [f"attention.self.{part}" for part in ("query", "key", "value")]
        dense = dict.fromkeys([*parts, "attention.output.dense"], (WIDTH, WIDTH))
        for name, (outputs, inputs) in (
            dense | {"intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER)}
        ).items():
            weights |= {
                f"{own}.{name}.weight": rng.normal(0, 0.05, (outputs, inputs)),
                f"{own}.{name}.bias": rng.normal(0, 0.3, outputs),
            }
        norms += [f"{own}.attention.output.LayerNorm", f"{own}.output.LayerNorm"]
    for name in norms:
        weights |= {
            f"{name}.weight": rng.normal(1, 0.1, WIDTH),
            f"{name}.bias": rng.normal(0, 0.1, WIDTH),
        }
    save_file(
        {f"bert.{name}": array.astype(np.float32) for name, array in weights.items()},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(json.dumps(CONFIG))
    tokenizer = Tokenizer(
        models.WordPiece(
            {word: number for number, word in enumerate([*SPECIAL, *words])}, unk_token="[UNK]"
        )
    )
    tokenizer.normalizer, tokenizer.pre_tokenizer = (
        normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
    )
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
