"""Pieces of words as a text's tokens, learned by byte-pair encoding (Sennrich, Haddow and Birch 2016).

ONNX cannot hold a tokenizer: it travels in the graph's metadata, where `inference.Model` finds it.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import TensorProto

from assay.contract.inference import TOKENIZER
from assay.training import onnx_graph

_SIZE, _LEAST = 3000, 3  # tokens; times that a pair must be there to become one
_READ = 2000  # characters of a text from which they are learned
_FILLING, _UNKNOWN = "\ue000", "\ue001"  # the tokens 0 and 1, named so that no text has them
_COVERED, _MOST = 0.98, 128  # share of the texts that are not cut; tokens that are read at most


def learn(texts: Sequence[str]) -> tuple[bytes, int]:
    """The graph that leaves tokens (n, tokens) int64, 0 after a text's end, as they are; and how many there may be."""
    from tokenizers import (
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        trainers,
    )  # for those who have texts

    tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = (
        normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
    )
    special = {"special_tokens": [_FILLING, _UNKNOWN], "show_progress": False}
    trainer = trainers.BpeTrainer(vocab_size=_SIZE, min_frequency=_LEAST, **special)
    tokenizer.train_from_iterator((text[:_READ] for text in texts), trainer)
    lengths = [len(each.ids) for each in tokenizer.encode_batch([text[:_READ] for text in texts])]
    length = int(np.clip(np.quantile(lengths, _COVERED), 1, _MOST))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_token=_FILLING)
    model = onnx.load_from_string(onnx_graph.as_it_is(TensorProto.INT64, [length]))
    onnx.helper.set_model_props(model, {TOKENIZER: tokenizer.to_str()})
    return model.SerializeToString(), tokenizer.get_vocab_size()
