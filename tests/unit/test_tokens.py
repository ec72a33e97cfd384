"""What a Transformer takes: pieces of words, cells of tables, patches of pictures."""

import json
from typing import ClassVar

import numpy as np
import pytest

from assay.contract.errors import InputError
from assay.contract.inference import TOKENIZER, Model
from assay.contract.remarks import Remarks
from assay.encoders import columns, subwords
from assay.training import onnx_graph

KIND = {"features": {"size": "number", "town": "category", "few": "number", "none": "number"}}


@pytest.fixture
def one_thread() -> None:
    """TensorFlow starts with one thread: later tests of this process cannot change that number."""
    from assay.training import fitting

    fitting.fix(0, portable=False, threads=1)


def rows(n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    table = np.stack(
        [
            rng.normal(size=n),
            rng.choice([7, 90, 300], n),
            rng.integers(3, size=n),
            np.full(n, np.nan),
        ],
        1,
    )
    table[::10, 0] = np.nan
    return table.astype(np.float64)


def test_cells_of_a_table():
    known = rows(500)
    graph, vocabulary = columns.tokens_graph(known, KIND)
    tokens_of = Model(graph, portable=True, threads=1)
    tokens = tokens_of(known)
    assert tokens.min() == 1
    assert tokens.max() < vocabulary
    columns_of = [set(column) for column in tokens.T]
    assert sum(map(len, columns_of)) == len(
        set.union(*columns_of)
    )  # no column says what another does
    there = ~np.isnan(known[:, 0])
    assert (np.diff(tokens[there, 0][np.argsort(known[there, 0])]) >= 0).all()
    assert len(set(tokens[there, 0])) == 16
    assert len({*tokens[~there, 0]} | {*tokens[there, 0]}) == 17
    assert len(columns_of[1]) == len(columns_of[2]) == 3
    strange = known[:1].copy()
    strange[0, 1] = 91  # between two categories, and none of them
    assert tokens_of(strange)[0, 1] not in columns_of[1]


def test_pieces_of_words():
    texts = [
        "where is my card",
        "my card is lost",
        "底部 カード 🔻",
        "",
        "cards, cards!",
        "a" * 5000,
    ] * 3
    graph, vocabulary = subwords.learn(texts)
    assert subwords.learn(texts) == (graph, vocabulary)
    tokens = Model(graph, portable=True, threads=1)(np.array([*texts, "unseen ☃"], object))
    assert tokens.max() < vocabulary
    assert not tokens[3].any()
    where, lost = tokens[0], tokens[1]
    assert set(where[:4]) & set(lost) >= set(where[1:4])  # is, my and card are one piece each
    assert not where[4:].any()
    unseen = tokens[6 * 3]
    assert unseen[:2].tolist() == [1, 1]  # no text has u or n
    assert (unseen[2:] > 1).all()  # s and e are known; what follows is cut off


def test_texts_that_are_cut_are_counted():
    texts = np.array(["where is my card"] * 97 + ["card " * 500] * 3, object)
    said = Remarks()
    tokenizer = Model(subwords.learn(texts)[0], portable=True, threads=1).tokenizer
    subwords.remark_on_cuts(tokenizer, texts, said)
    assert [(remark.action, remark.count) for remark in said] == [("cut", 3)]
    assert said[0].what.startswith("of 100 texts (3.0%) have more than 128 tokens")
    assert "card card" in said[0].example
    subwords.remark_on_cuts(None, texts, said)
    subwords.remark_on_cuts(tokenizer, texts[:97], said)
    assert len(said) == 1


def test_a_tokenizer_that_panics_on_a_later_text_is_told() -> None:
    class PanicException(BaseException):  # each library in Rust has its own
        pass

    class Panics:
        truncation: ClassVar = {"max_length": 2}

        def encode_batch(self, _: list[str]) -> None:
            raise PanicException("index out of bounds")

    fails = "^the tokenizer of the encoder fails on one of these texts: index out of bounds: export"
    with pytest.raises(InputError, match=fails):
        subwords.remark_on_cuts(Panics(), np.array(["a"], object), Remarks())


@pytest.mark.parametrize(
    "part",
    [
        {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}},
        {"pre_tokenizer": {"type": "FixedLength", "length": 0}},
    ],
    ids=["as it is read", "as it cuts"],
)
def test_a_model_whose_tokenizer_panics_is_refused_in_one_line(
    part: dict, capfd: pytest.CaptureFixture
) -> None:
    """Rust prints the place where it panics, on its own."""
    graph, _ = subwords.learn(["where is my card"] * 9)
    described = json.loads(Model(graph, portable=True, threads=1).tokenizer.to_str())
    damaged = onnx_graph.with_metadata(graph, {TOKENIZER: json.dumps(described | part)})
    with pytest.raises(InputError, match=r"^its graph (cannot be run|fails on these)"):
        Model(damaged, portable=True, threads=1)(np.array(["a b"], object))
    assert capfd.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_patches_of_a_picture():
    from assay.training import transformer

    picture = np.arange(2 * 5 * 6 * 1).reshape(2, 5, 6, 1).astype(np.float32)
    patches = np.asarray(transformer.patches(picture, [3, 2]))
    assert patches.shape == (2, 6, 6)
    assert patches[0, 1].tolist() == [2, 3, 8, 9, 14, 15]
    assert patches[1, 5].tolist() == [*picture[1, 3, 4:6, 0], *picture[1, 4, 4:6, 0], 0, 0]


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_hidden_tokens_are_guessed_from_the_others():
    from assay.training import transformer

    hide = transformer.HideTokens(0.25)
    there = np.ones((1000, 8), np.float32)
    there[:, 6:] = 0
    x = np.ones((1000, 8, 4), np.float32)
    kept, hidden = (np.asarray(each).astype(float) for each in hide(x, there, training=True))
    assert 0.22 < hidden[:, :6].mean() < 0.28
    assert not hidden[:, 6:].any()
    assert np.ptp(kept[hidden[:, 0] > 0, 0], axis=0).max() == 0  # one vector
    assert not np.asarray(hide(x, there)[1]).any()
