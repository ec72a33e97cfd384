"""N-grams of texts and their main singular vectors."""

import onnxruntime

from assay.encoders import ngrams

WORDS = ["red", "green", "blue", "black", "white", "pink", "cat", "dog", "bird", "fish"]


def test_equal_texts_add_no_dimension() -> None:
    """Directions in which nothing varies would differ from run to run."""
    lower = [f"a {word} thing" for word in WORDS]
    upper = [f"A {word} thing" for word in WORDS[:5]]
    graph = onnxruntime.InferenceSession(ngrams.learn(lower + upper))
    (embedding,) = graph.run(["embedding"], {"payload": lower})
    assert embedding.shape == (len(WORDS), len(WORDS))
