"""A network trained on the labels in folds, each example judged by one that did not see it: the usual recipe.

It sees what a linear classifier on embeddings does not, and costs minutes; so it is asked where `clean.folds` says so.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from assay.catalogue import payloads
from assay.contract import files, paths
from assay.contract.parameters import Parameters
from assay.training import fitting
from assay.training.batches import Batches, Examples
from assay.training.trainable import OwnNetwork

_SMOOTHING = 0.1  # of labels: wrong ones are learned by heart less
_SEED, _BATCH_SIZE, _LEARNING_RATE, _EPOCHS = (
    0,
    128,
    0.008,
    10,
)  # of no parameter: train's must not reach back to clean


def log_probabilities(
    examples: pd.DataFrame,
    learned: np.ndarray,
    given: np.ndarray,
    n_classes: int,
    params: Parameters,
) -> np.ndarray:
    """Log-probabilities of each class. Shape (examples, classes), float32.

    What was not learned from gets the mean over all folds' networks.

    Parameters
    ----------
    examples : the catalogue
    learned : (n,) int, the rows of it whose labels are learned from
    given : (n,) int, their labels
    """
    payload = np.concatenate(list(payloads.read(examples, size=4096)))
    network = OwnNetwork(payload[:1], files.read_json(paths.ENCODER_INFO), params)
    fitting.fix(_SEED, portable=params.portable, threads=params.threads)
    fold = np.random.default_rng(_SEED).permutation(len(learned)) % params.clean.folds
    others = np.setdiff1d(np.arange(len(examples)), learned)
    found = np.zeros((len(examples), n_classes), np.float32)
    for left_out in range(params.clean.folds):
        print(f"fold {left_out + 1} of {params.clean.folds}", file=sys.stderr)
        inside = fold != left_out
        own = Examples(payload[learned[inside]], given[inside], np.ones(inside.sum()))
        _, model = network.build(n_classes)
        batches = Batches(own, _BATCH_SIZE, network.augment, _SEED)
        loss = fitting.cross_entropy(_SMOOTHING)
        fitting.fit(model, batches, loss, learning_rate=_LEARNING_RATE, epochs=_EPOCHS)
        for rows, share in ((learned[~inside], 1.0), (others, 1 / params.clean.folds)):
            if len(rows):
                found[rows] += share * log_softmax(
                    fitting.logits(model, network.prepare(payload[rows])), axis=1
                )
    return found
