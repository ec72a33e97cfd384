"""What can be told of texts without a model: how long they are, and what is wrong with them."""

import numpy as np

REASONS = {
    "empty": "no text, or spaces alone",
    "mojibake": "was read in a wrong encoding, so letters are garbled",
}
fingerprint = None  # copies are told by their embeddings
_LOST = "\ufffd"  # stands where a decoder gave up


def statistics(texts: np.ndarray) -> dict[str, np.ndarray]:
    """How texts (n,) are, by name, (n,) each: `length` in characters, `mojibake` 0 or 1 (ftfy's heuristic)."""
    from ftfy.badness import is_bad  # for those who have text

    return {
        "length": np.array([len(text.strip()) for text in texts], float),
        "mojibake": np.array([_LOST in text or is_bad(text) for text in texts], float),
    }


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is wrong with texts of these statistics, by kind, (n,) bool each."""
    return {"empty": statistics["length"] == 0, "mojibake": statistics["mojibake"] > 0}
