"""Character n-grams and words of texts, weighted by TF-IDF, and their latent semantic analysis, as one ONNX graph.

Weights are the root of a n-gram's count times its inverse document frequency (Salton and Buckley 1988); the embedding
is their projection on the main singular vectors (Deerwester et al. 1990). A word, or a pair of them, is but a
long n-gram from space to space, so a language without spaces, whose texts are one long word, will do.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from onnx import TensorProto
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from assay.training import onnx_graph
from assay.training.linear_head import FEATURES

_LONGEST = 6  # characters
_LONGEST_WORDS = 32  # characters of a whole word or pair of words, spaces around it included
_WORDS_WEIGH = 2.0  # times as much as other n-grams
_SPACES = "\x02\x03"  # what ONNX Runtime puts around a text
_MOST = 40_000  # n-grams
_LEAST = 2  # texts that a n-gram must be in
_DIMENSIONS = 512  # of the embedding
_READ = 2000  # characters of a text from which n-grams are learned
_TINY = 1e-12  # least square of a row's length


def learn(texts: Sequence[str]) -> bytes:
    """The graph from `payload` (n,) text to `embedding` (n, dimensions) and `features` (n, n-grams), of length 1."""
    folded = [_fold(text[:_READ]) for text in texts]
    found: Counter[str] = Counter()
    for text in folded:
        found.update(set(_grams(text)))
    frequent = sorted(
        (gram for gram, count in found.items() if count >= _LEAST),
        key=lambda gram: (-found[gram], gram),
    )
    kept = sorted(
        frequent[:_MOST] or sorted(found)[:_MOST] or [" "], key=lambda gram: (len(gram), gram)
    )
    rarity = 1 + np.log((1 + len(folded)) / (1 + np.array([found[gram] for gram in kept])))
    rarity *= [_WORDS_WEIGH if len(gram) > 2 and gram[0] == gram[-1] == " " else 1 for gram in kept]
    weights = _weights(folded, kept, rarity)
    dimensions = min(_DIMENSIONS, min(weights.shape) - 1)
    if dimensions < 1:
        axes = np.ones((1, len(kept)))
    else:
        axes = TruncatedSVD(dimensions, algorithm="arpack", random_state=0).fit(weights).components_
    return _to_onnx(kept, rarity, axes)


def _grams(text: str) -> Iterator[str]:
    """All n-grams within the words of a folded text, whole words and pairs of words, as often as they are there.

    Beside punctuation one of a pair is empty: so it tells what stands before a comma or at the end, which helps.
    """
    spaces = [place for place, character in enumerate(text) if character == " "]
    for start, end, after in zip(spaces, spaces[1:], [*spaces[2:], len(text)], strict=False):
        word = text[start : end + 1]
        for n in range(1, min(_LONGEST, len(word)) + 1):
            yield from (
                gram
                for first in range(len(word) - n + 1)
                if (gram := word[first : first + n]).strip()
            )
        if _LONGEST < len(word) <= _LONGEST_WORDS:
            yield word
        if after < len(text) and after - start < _LONGEST_WORDS:
            yield text[start : after + 1]


def _fold(text: str) -> str:
    """Lower case, a letter for a letter, between spaces; punctuation is a space too."""
    return "".join(_lower(character) for character in f" {text} ")


def _lower(character: str) -> str:
    between = (
        character.isspace()
        or character in _SPACES
        or unicodedata.category(character).startswith("P")
    )
    lower = " " if between else character.lower()
    return lower if len(lower) == 1 else character


def _weights(texts: Sequence[str], kept: Sequence[str], rarity: np.ndarray) -> csr_matrix:
    """Of each n-gram in each text; a row's length is 1. Shape (texts, n-grams)."""
    counts = CountVectorizer(analyzer=_grams, vocabulary=kept).transform(texts)
    return normalize(counts.sqrt().multiply(rarity))


def _to_onnx(kept: Sequence[str], rarity: np.ndarray, axes: np.ndarray) -> bytes:
    letters = sorted({character for gram in kept for character in gram})
    number = {letter: index for index, letter in enumerate(letters, start=1)}
    capitals = {
        chr(code)
        for code in range(0x110000)
        if not 0xD800 <= code < 0xE000 and _lower(chr(code)) in number
    }
    alphabet = sorted(capitals | set(letters))
    starts, pool = [], []
    for length in range(1, _LONGEST_WORDS + 1):
        starts.append(len(pool))
        pool += [number[character] for gram in kept if len(gram) == length for character in gram]
    graph = onnx_graph.Graph()
    characters = graph("Tokenizer", "payload", mark=1, mincharnum=1, pad_value="", separators=[""])
    values = [number[_lower(each)] for each in alphabet]
    numbers = graph(
        "LabelEncoder", characters, keys_strings=alphabet, values_int64s=values, default_int64=0
    )
    grams = {"ngram_counts": starts, "ngram_indexes": list(range(len(kept))), "pool_int64s": pool}
    lengths = {"min_gram_length": 1, "max_gram_length": _LONGEST_WORDS, "max_skip_count": 0}
    counts = graph("TfIdfVectorizer", numbers, mode="TF", **lengths, **grams)  # (n, n-grams)
    _normalised(graph, graph("Mul", graph("Sqrt", counts), rarity), FEATURES)
    _normalised(graph, graph("MatMul", FEATURES, axes.T), "embedding")
    return graph.to_onnx("ngrams", (TensorProto.STRING, []), outputs=["embedding", FEATURES])


def _normalised(graph: onnx_graph.Graph, x: str, output: str) -> None:
    """Bring rows to length 1."""
    squares = graph("ReduceSum", graph("Mul", x, x), [-1])
    graph("Div", x, graph("Sqrt", graph("Max", squares, _TINY)), output=output)
