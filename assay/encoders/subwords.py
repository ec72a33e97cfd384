"""Pieces of words as the tokens of a text, learned by byte-pair encoding.

ONNX has no operator for such a tokenizer. So it is stored in the graph's metadata, where
`inference.Model` finds it.

R. Sennrich, B. Haddow, A. Birch: Neural Machine Translation of Rare Words with Subword Units. ACL
2016.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from assay.contract.errors import InputError
from assay.contract.inference import TOKENIZER, panics_raised
from assay.contract.remarks import Remarks
from assay.training import onnx_graph

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_VOCABULARY = 3000  # tokens
_LEAST = 3  # times that a pair must occur to become a token
_READ = 2000  # characters of a text from which tokens are learned
_PADDING, _UNKNOWN = "\ue000", "\ue001"  # tokens 0 and 1: private characters that no text contains
_WHOLE = 0.98  # share of the texts that are not cut
_LONGEST = 128  # tokens of a text, at most
_SHOWN = 40  # characters of a text in a message


def learn(texts: Sequence[str] | np.ndarray) -> tuple[bytes, int]:
    """The tokenizer as a graph from texts to tokens, and the number of different tokens.

    Tokens are (n, tokens) int64, 0 after the end of a text.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers  # optional

    tokenizer = Tokenizer(models.BPE(unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special: dict[str, Any] = {"special_tokens": [_PADDING, _UNKNOWN], "show_progress": False}
    trainer = trainers.BpeTrainer(vocab_size=_VOCABULARY, min_frequency=_LEAST, **special)
    beginnings = [text[:_READ] for text in texts]
    tokenizer.train_from_iterator(beginnings, trainer)
    lengths = [len(encoding.ids) for encoding in tokenizer.encode_batch(beginnings)]
    length = int(np.clip(np.quantile(lengths, _WHOLE), 1, _LONGEST))
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length, pad_token=_PADDING)
    tokens = onnx_graph.identity(TensorProto.INT64, [length])
    graph = onnx_graph.with_metadata(tokens, {TOKENIZER: tokenizer.to_str()})
    return graph, tokenizer.get_vocab_size()


def remark_on_cuts(
    tokenizer: "Tokenizer | None", texts: np.ndarray, remarks: Remarks, windows: int = 1
) -> None:
    """Add a remark on the texts (n,) that an encoder reads in part only.

    It reads `windows` parts of a text, each as long as the tokenizer's limit.
    """
    if tokenizer is None or tokenizer.truncation is None:
        return
    pairs = zip(texts, _encoded(tokenizer, texts), strict=True)
    cut = [text for text, encoding in pairs if len(encoding.overflowing) >= windows]
    limit = windows * tokenizer.truncation["max_length"]
    longer = f"of {len(texts)} texts ({len(cut) / len(texts):.1%}) have more than {limit} tokens"
    whole = "pretrain.method: ngrams, without an encoder from elsewhere, reads whole texts"
    remedy = f"a larger pretrain.windows reads more; {whole}"
    remarks.note("cut", [repr(text[:_SHOWN]) for text in cut], longer, remedy)


def _encoded(tokenizer: "Tokenizer", texts: np.ndarray) -> "list[Encoding]":
    try:
        with panics_raised():
            return tokenizer.encode_batch(list(texts))
    except InputError as error:
        fails = f"the tokenizer of the encoder fails on one of these texts: {error}"
        raise InputError(f"{fails}: export the encoder again, or take another one") from None
