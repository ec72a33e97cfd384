"""What to ask people next: unlabelled examples and doubtful labels in one list (uncertainty sampling, Settles 2009)."""

import numpy as np
from scipy.special import entr


def gain(pred_probs: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """How much an answer is expected to tell, 0 to 1, of each example. Shape (n,).

    For a labelled example the probability that its label is wrong; for an unlabelled one the entropy of the prediction
    relative to that of knowing nothing.

    Parameters
    ----------
    pred_probs : (n, classes) out-of-sample probabilities
    quality : (n,) of the label, 0 bad to 1 good; NaN where there is none
    """
    uncertainty = entr(pred_probs).sum(axis=1) / np.log(pred_probs.shape[1])
    return np.where(np.isnan(quality), uncertainty, 1 - quality)
