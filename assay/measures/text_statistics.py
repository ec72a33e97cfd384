"""Measures of texts without a model: length, and problems."""

import numpy as np

REASONS = {
    "empty": "no text, or spaces alone",
    "mojibake": "was read in a wrong encoding, so letters are garbled",
}
fingerprint = None  # the embeddings tell copies
_LOST = "\ufffd"  # a decoder's mark for bytes that it could not read


def statistics(texts: np.ndarray) -> dict[str, np.ndarray]:
    """Measure texts (n,). By name, (n,): `length` in characters, `mojibake` 0 or 1 (by ftfy)."""
    from ftfy.badness import is_bad  # takes long to import

    return {
        "length": np.array([len(text.strip()) for text in texts], float),
        "mojibake": np.array([_LOST in text or is_bad(text) for text in texts], float),
    }


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The problems of texts with these statistics. By problem, (n,) bool each."""
    return {"empty": statistics["length"] == 0, "mojibake": statistics["mojibake"] > 0}
