"""Measures of texts without a model: length, and problems."""

import re

import numpy as np

REASONS = {
    "empty": "no text, or spaces alone",
    "mojibake": "was read in a wrong encoding, so letters are garbled",
}
fingerprint = None  # copies are found by the embeddings
border = None
_LOST = "\ufffd"  # a decoder's mark for bytes that it could not read

# The middle of a run of plain (ASCII) characters. What ftfy takes for garbled has a character that
# is not plain, and is shorter than eight. To read the plain runs too would take 0.3 s for a million
# characters.
_PLAIN = re.compile(r"([\x00-\x7f]{8})[\x00-\x7f]*([\x00-\x7f]{8})")


def statistics(texts: np.ndarray) -> dict[str, np.ndarray]:
    """Measure texts (n,). By name, (n,): `length` in characters, `mojibake` 0 or 1 (by ftfy)."""
    from ftfy.badness import is_bad  # takes long to import

    def is_garbled(text: str) -> bool:
        return not text.isascii() and is_bad(_PLAIN.sub(r"\1\2", text))

    return {
        "length": np.array([len(text.strip()) for text in texts], float),
        "mojibake": np.array([_LOST in text or is_garbled(text) for text in texts], float),
    }


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The problems of texts with these statistics. By problem, (n,) bool each."""
    return {"empty": statistics["length"] == 0, "mojibake": statistics["mojibake"] > 0}
