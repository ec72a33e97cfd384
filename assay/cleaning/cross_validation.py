"""Out-of-sample predictions of a network, trained on the labels in folds.

It learns what a linear classifier on embeddings cannot, but takes minutes. So it runs only if
`clean.folds` is above 0.
"""

import sys

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from assay.catalogue import catalogue, payloads
from assay.cleaning.folds import folds
from assay.contract import files, paths
from assay.contract.errors import say
from assay.contract.parameters import Parameters
from assay.training import fitting
from assay.training.batches import Batches, Examples
from assay.training.trainable import OwnNetwork

# Constants: if clean depended on train's parameters, changing these would rerun clean.
_SMOOTHING = 0.1  # of labels, so that the network learns fewer wrong ones by heart
_SEED, _BATCH_SIZE, _LEARNING_RATE, _EPOCHS = 0, 128, 0.008, 10


def log_probabilities(
    examples: pd.DataFrame, learned: pd.Series, n_classes: int, params: Parameters
) -> np.ndarray:
    """Read the payloads, and predict the log-probability of each class.

    Parameters
    ----------
    examples : the catalogue
    learned : the classes to learn from, int, by row of the catalogue
    params : `clean.folds`, and how to compute

    Returns
    -------
    np.ndarray
        Shape (examples, classes), float32. An example that was learned from is predicted by the
        network that did not see it, and its group; another one by the mean of all networks.
    """
    payload = np.concatenate(list(payloads.read(examples, size=4096)))
    network = OwnNetwork(payload[:1], files.read_json(paths.ENCODER_INFO), params)
    fitting.fix(_SEED, portable=params.portable, threads=params.threads)
    groups = catalogue.groups(examples.loc[learned.index])
    fold = folds(len(learned), groups, params.clean.folds)
    n_folds = fold.max() + 1
    if n_folds < params.clean.folds:
        say(f"clean.folds: {n_folds}, since there are not more examples, or groups, to learn from")
    known, given = learned.index.to_numpy(), learned.to_numpy()  # (learned,)
    others = np.setdiff1d(np.arange(len(examples)), known)
    log_probs = np.zeros((len(examples), n_classes), np.float32)
    for left_out in range(n_folds):
        print(f"fold {left_out + 1} of {n_folds}", file=sys.stderr)
        seen = fold != left_out
        shown = Examples(payload[known[seen]], given[seen], np.ones(seen.sum()))
        _, model = network.build(n_classes)
        batches = Batches(shown, _BATCH_SIZE, network.augment, _SEED)
        loss = fitting.cross_entropy(_SMOOTHING)
        fitting.fit(model, batches, loss, learning_rate=_LEARNING_RATE, epochs=_EPOCHS)
        for rows, share in ((known[~seen], 1.0), (others, 1 / n_folds)):
            if len(rows):
                logits = fitting.logits(model, network.prepare(payload[rows]))
                log_probs[rows] += share * log_softmax(logits, axis=1)
    return log_probs
