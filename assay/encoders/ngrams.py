"""Character n-grams and words of texts, weighted by TF-IDF, and their latent semantic analysis.

The weight of an n-gram is the root of its count times its inverse document frequency (Salton and
Buckley 1988). The embedding is the projection on the main singular vectors (Deerwester et al.
1990). A word, or a pair of words, is a long n-gram from space to space. So a language without
spaces works too: its texts are one long word each.
"""

import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from onnx import TensorProto
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from assay.contract.sampling import step_for
from assay.training import onnx_graph
from assay.training.linear_head import FEATURES

_LONGEST = 6  # characters of an n-gram within a word
_LONGEST_WORDS = 32  # characters of a whole word or pair of words, with the spaces around it
_WORD_WEIGHT = 2.0  # of words, relative to other n-grams
_SPACES = "\x02\x03"  # what ONNX Runtime puts around a text
_MOST = 40_000  # n-grams
# n-grams if more than half of the texts are longer than `_READ`. Long texts hold many n-grams, so
# the rare ones are noise. Results were better than with 40,000, in a third of the time and memory.
_MOST_OF_LONG = 10_000
_LONG_TEXTS = 2000  # then n-grams are learned from at most so many texts, evenly spread
_LEAST = 2  # texts that an n-gram must be in
_DIMENSIONS = 512  # of the embedding
_READ = 2000  # characters of a text from which n-grams are learned
_TELL = 5_000  # so many texts take a minute or more, and a message says so
_ROUNDING = 1e-6  # least singular value, relative to the largest
_TINY = 1e-12  # least square of a row's length


def learn(texts: Sequence[str] | np.ndarray) -> bytes:
    """The graph from `payload` (n,) text to `embedding` and `features`, rows of length 1.

    Their shapes are (n, dimensions) and (n, n-grams).
    """
    are_long = sum(len(text) > _READ for text in texts) > len(texts) / 2
    step = step_for(len(texts), _LONG_TEXTS) if are_long else 1
    folded = [_fold(text[:_READ]) for text in texts[::step]]
    if len(folded) >= _TELL:
        print(f"n-grams of {len(folded):,} texts: this may take minutes", file=sys.stderr)
    document_counts = Counter(ngram for text in folded for ngram in set(_ngrams(text)))
    vocabulary = _vocabulary(document_counts, _MOST_OF_LONG if are_long else _MOST)
    counts = np.array([document_counts[ngram] for ngram in vocabulary])
    rarity = 1 + np.log((1 + len(folded)) / (1 + counts))  # inverse document frequency
    rarity *= [_WORD_WEIGHT if _is_word(ngram) else 1 for ngram in vocabulary]
    axes = _main_axes(_weights(folded, vocabulary, rarity))
    return _graph(vocabulary, rarity, axes)


def _vocabulary(document_counts: Counter[str], most: int) -> list[str]:
    """The `most` n-grams that are in most texts, sorted by length."""
    repeated = [ngram for ngram, count in document_counts.items() if count >= _LEAST]
    most_frequent = sorted(repeated, key=lambda ngram: (-document_counts[ngram], ngram))
    chosen = most_frequent[:most] or sorted(document_counts)[:most] or [" "]
    return sorted(chosen, key=lambda ngram: (len(ngram), ngram))


def _is_word(ngram: str) -> bool:
    return len(ngram) > 2 and ngram[0] == ngram[-1] == " "


def _ngrams(text: str) -> Iterator[str]:
    """All n-grams within the words of a folded text, whole words and pairs of words.

    Each comes as often as it occurs. Next to punctuation, one word of a pair is empty. So a pair
    can tell which word stands before a comma or at the end. This gives better results.
    """
    spaces = [place for place, character in enumerate(text) if character == " "]
    starts, ends = spaces[:-1], spaces[1:]  # of words, each with the spaces around it
    ends_of_pairs = [*spaces[2:], len(text)]  # after the last word there is none
    for start, end, end_of_pair in zip(starts, ends, ends_of_pairs, strict=True):
        word = text[start : end + 1]
        for length in range(1, min(_LONGEST, len(word)) + 1):
            ngrams = (word[first : first + length] for first in range(len(word) - length + 1))
            yield from (ngram for ngram in ngrams if ngram.strip())
        if _LONGEST < len(word) <= _LONGEST_WORDS:
            yield word
        if end_of_pair < len(text) and end_of_pair - start < _LONGEST_WORDS:
            yield text[start : end_of_pair + 1]


def _fold(text: str) -> str:
    """Lower case, character by character, with a space at both ends and for each punctuation."""
    return "".join(_fold_character(character) for character in f" {text} ")


@lru_cache(maxsize=2**16)
def _fold_character(character: str) -> str:
    is_punctuation = unicodedata.category(character).startswith("P")
    if is_punctuation or character.isspace() or character in _SPACES:
        return " "
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _weights(texts: Sequence[str], vocabulary: Sequence[str], rarity: np.ndarray) -> csr_matrix:
    """The weight of each n-gram in each text; rows of length 1. Shape (texts, n-grams)."""
    counts = CountVectorizer(analyzer=_ngrams, vocabulary=vocabulary).transform(texts)
    return normalize(counts.sqrt().multiply(rarity))


def _main_axes(weights: csr_matrix) -> np.ndarray:
    """The main singular vectors of weights (texts, n-grams). Shape (dimensions, n-grams).

    If texts are few and some are equal, the texts do not vary in all the directions that are asked
    for. The other directions are left out: they are rounding errors, and differ from run to run.
    """
    dimensions = min(_DIMENSIONS, min(weights.shape) - 1)
    if dimensions < 1:
        return np.ones((1, weights.shape[1]))
    svd = TruncatedSVD(dimensions, algorithm="arpack", random_state=0).fit(weights)
    lengths = svd.singular_values_  # descending
    return svd.components_[lengths > _ROUNDING * lengths[0]]


def _graph(vocabulary: Sequence[str], rarity: np.ndarray, axes: np.ndarray) -> bytes:
    graph = onnx_graph.Graph()
    characters = graph("Tokenizer", "payload", mark=1, mincharnum=1, pad_value="", separators=[""])
    letters = sorted({character for ngram in vocabulary for character in ngram})
    numbers = {letter: number for number, letter in enumerate(letters, start=1)}
    alphabet = _alphabet(letters)
    folded = [numbers[_fold_character(character)] for character in alphabet]
    keys: dict[str, Any] = {"keys_strings": alphabet, "values_int64s": folded, "default_int64": 0}
    numbered = graph("LabelEncoder", characters, **keys)
    pool = [numbers[character] for ngram in vocabulary for character in ngram]
    sizes = [len(ngram) for ngram in vocabulary]  # ascending
    # where the n-grams of each length start in the pool: after the letters of all shorter ones
    starts = [sum(size for size in sizes if size < n) for n in range(1, _LONGEST_WORDS + 1)]
    indexes = list(range(len(vocabulary)))
    ngrams = {"ngram_counts": starts, "ngram_indexes": indexes, "pool_int64s": pool}
    lengths = {"min_gram_length": 1, "max_gram_length": _LONGEST_WORDS, "max_skip_count": 0}
    weighting: dict[str, Any] = {"mode": "TF"} | lengths | ngrams
    counts = graph("TfIdfVectorizer", numbered, **weighting)  # (n, n-grams)
    _normalise(graph, graph("Mul", graph("Sqrt", counts), rarity), FEATURES)
    _normalise(graph, graph("MatMul", FEATURES, axes.T), "embedding")
    return graph.serialised("ngrams", (TensorProto.STRING, []), outputs=["embedding", FEATURES])


def _alphabet(letters: list[str]) -> list[str]:
    """All characters of Unicode that are folded to these letters, sorted; the letters are too."""
    folded_to = set(letters)
    characters = map(chr, range(sys.maxunicode + 1))
    return [character for character in characters if _fold_character(character) in folded_to]


def _normalise(graph: onnx_graph.Graph, x: str, output: str) -> None:
    """Add nodes that bring rows to length 1."""
    squares = graph("ReduceSum", graph("Mul", x, x), [-1])
    graph("Div", x, graph("Sqrt", graph("Max", squares, _TINY)), output=output)
