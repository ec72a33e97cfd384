"""Whitened principal components of embeddings. Their distances mean more than those of embeddings.

Embeddings are wide, so only some components are kept. In contrast, `measures.outliers`,
`training.unlike` and `encoders.patches` whiten all directions.

H. Jégou, O. Chum: Negative Evidences and Co-occurrences in Image Retrieval. ECCV 2012.
"""

from collections.abc import Sequence

import numpy as np

from assay.catalogue.catalogue import Rows
from assay.contract.sampling import step_for

_DIMENSIONS = 64  # 128 score the same, 32 a little worse (benchmarks/propagation.py)
_FLOOR = 0.1  # share of the mean variance, added to each variance, so that noise stays small
_BLOCK = 8192  # rows at a time


def whiten(features: Sequence[np.ndarray | Rows], sample: int) -> np.ndarray:
    """The components with the largest variance, scaled to about equal variance.

    Parameters
    ----------
    features : arrays of shape (rows, features), one for each batch
    sample : the components are estimated from about this many rows

    Returns
    -------
    np.ndarray of shape (n, at most 64), float32
    """
    step = step_for(sum(map(len, features)), sample)
    sampled = np.concatenate([batch[::step] for batch in features])  # (sample, features)
    mean = sampled.mean(axis=0)
    _, singular, axes = np.linalg.svd(sampled - mean, full_matrices=False)
    variance = np.square(singular[:_DIMENSIONS]) / len(sampled)  # (components,)
    scale = np.sqrt(variance + _FLOOR * variance.mean() + np.finfo(np.float32).tiny)
    projection = (axes[:_DIMENSIONS].T / scale).astype(np.float32)  # (features, components)
    starts = [(batch, start) for batch in features for start in range(0, len(batch), _BLOCK)]
    blocks = (batch[start : start + _BLOCK] for batch, start in starts)
    return np.concatenate([(block - mean) @ projection for block in blocks]).astype(np.float32)
