"""Predictions of a network that is trained in folds, with targets from the other classifiers.

It learns what a linear classifier on embeddings cannot, but takes minutes. So it runs only if
`network_recipe.choose` says so. Its targets are not the given labels. They are the probabilities of
the classes that the other classifiers and people's labels give together. So it learns few wrong
labels. Through these classifiers, the label of an example has a little influence on the network
that predicts this example. By our measurements, this does less harm than wrong labels.
"""

import sys

import keras
import numpy as np
import pandas as pd
from scipy.special import log_softmax

from assay.catalogue import catalogue, payloads
from assay.cleaning.folds import folds
from assay.cleaning.network_recipe import Recipe
from assay.contract import files, paths
from assay.contract.errors import say
from assay.contract.parameters import Parameters
from assay.training import fitting
from assay.training.batches import Batches, Examples
from assay.training.trainable import OwnNetwork

_SEED = 0


def log_probabilities(
    examples: pd.DataFrame,
    known: np.ndarray,
    targets: np.ndarray,
    recipe: Recipe,
    params: Parameters,
) -> np.ndarray:
    """Read the payloads, and predict the log-probability of each class.

    Parameters
    ----------
    examples : the catalogue
    known : (learned,) its rows to learn from, ascending
    targets : (learned, classes) the probability of each class
    recipe : how many networks, and how they are trained
    params : how to compute

    Returns
    -------
    np.ndarray
        Shape (examples, classes), float32. An example that was learned from is predicted by the
        network that learned neither from its label nor from its group. Any other example is
        predicted by the mean of all networks.
    """
    payload = np.concatenate(list(payloads.read(examples, size=4096)))
    network = OwnNetwork(payload[:1], files.read_json(paths.ENCODER_INFO), params)
    fitting.fix(_SEED, portable=params.portable, threads=params.threads, bfloat16="fast")
    n_classes = targets.shape[1]
    fold = folds(len(known), catalogue.groups(examples.loc[known]), recipe.folds)
    n_folds = fold.max() + 1
    if n_folds < recipe.folds:
        say(f"clean.folds: {n_folds}, since there are not more examples, or groups, to learn from")
    others = np.setdiff1d(np.arange(len(examples)), known)
    filters = network.first_filters(payload[known])  # without labels, so all folds may share them
    log_probs = np.zeros((len(examples), n_classes), np.float32)
    for left_out in range(n_folds):
        print(f"fold {left_out + 1} of {n_folds}", file=sys.stderr)
        seen = fold != left_out
        seen_examples = Examples(payload[known[seen]], targets[seen], np.ones(seen.sum()))
        _, model = network.build(n_classes, first_filters=filters)
        batches = Batches(seen_examples, recipe.batch_size, network.augment, _SEED)
        loss = fitting.cross_entropy(0, soft=True)
        fitting.fit(model, batches, loss, learning_rate=recipe.learning_rate, epochs=recipe.epochs)
        for rows, share in ((known[~seen], 1.0), (others, 1 / n_folds)):
            if len(rows):
                logits = _averaged_logits(model, network, payload[rows], recipe.views)
                log_probs[rows] += share * log_softmax(logits, axis=1)
    return log_probs


def _averaged_logits(
    model: keras.Model, network: OwnNetwork, payload: np.ndarray, views: int
) -> np.ndarray:
    """The mean logits of examples (n, ...) and of their random changes. Shape (n, classes)."""
    rng = np.random.default_rng(_SEED)
    total = fitting.logits(model, network.prepare(payload))
    for _ in range(views):
        total += fitting.logits(model, network.augment(payload, rng))
    return total / (1 + views)
