"""What to ask people next: unlabelled examples and doubtful labels in one list (Settles 2009, uncertainty sampling)."""

import numpy as np
from scipy.special import entr


def gain(pred_probs: np.ndarray, given: np.ndarray) -> np.ndarray:
    """How much an answer is expected to tell, 0 to 1, for each example. Shape (n,).

    For an unlabelled example, the entropy of the prediction relative to that of knowing nothing; for a labelled one,
    the probability that the label is wrong.

    Parameters
    ----------
    pred_probs : (n, classes) out-of-sample probabilities
    given : (n,) int, the class of each example, -1 where there is none
    """
    uncertainty = entr(pred_probs).sum(axis=1) / np.log(pred_probs.shape[1])
    wrong = 1 - pred_probs[np.arange(len(given)), given]
    return np.where(given < 0, uncertainty, wrong)


def rank(pred_probs: np.ndarray, given: np.ndarray, answered: np.ndarray, length: int) -> np.ndarray:
    """The `length` examples that are most worth asking about, best first, without those that were `answered`."""
    worth = gain(pred_probs, given)
    worth[answered] = -1
    return np.argsort(-worth, kind="stable")[: min(length, len(worth) - len(answered))]
