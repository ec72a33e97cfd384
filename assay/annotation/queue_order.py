"""What to ask people next: where an answer gains most, and diverse, so that no two answers of a page say the same.

The examples with the largest gain are a short list, which k-means with the gain as weights cuts into as many clusters
as there are questions on a page; of each cluster one example is asked for.

F. Zhdanov: Diverse Mini-Batch Active Learning. arXiv:1901.05954, 2019.
"""

import numpy as np
from scipy.spatial.distance import cdist

SHORT_LIST = 1000  # ten times fewer are mostly examples that are hard, not telling
WHITENED_BY = 256  # rows of it: as good as all, and a tenth of a second less
_ITERATIONS = 8


def by_page(points: np.ndarray, gain: np.ndarray, length: int, page: int) -> np.ndarray:
    """The `length` examples to ask for, page by page, each with its largest gain first. Positions (<= length,).

    Parameters
    ----------
    points : (n, dimensions), on which distances mean how much an answer to one says of the other
    gain : (n,) >= 0, the probability that the label in use is wrong
    page : how many are asked for before answers are looked at
    """
    left, asked = np.arange(len(points)), []
    while len(left) and len(asked) < length:
        some = left[one_of_each_cluster(points[left], gain[left], min(page, length - len(asked)))]
        asked += some[np.argsort(-gain[some], kind="stable")].tolist()
        left = np.setdiff1d(left, some)
    return np.array(asked, int)


def one_of_each_cluster(points: np.ndarray, gain: np.ndarray, count: int) -> np.ndarray:
    """From each of at most `count` weighted clusters the example that is nearest to the centre. Positions.

    Only those count whose gain is no smaller than the cluster's mean: one that is sure stands for no doubt.
    """
    count, weights = min(count, len(points)), gain + 1e-6
    centers = points[_far_apart(points, weights, count)]
    for _ in range(_ITERATIONS):
        cluster = cdist(points, centers, "sqeuclidean").argmin(axis=1)
        onehot = (cluster == np.arange(len(centers))[:, None]) * weights  # (clusters, n)
        centers = (
            onehot[onehot.any(axis=1)]
            @ points
            / onehot.sum(axis=1, keepdims=True)[onehot.any(axis=1)]
        )
    distances = cdist(points, centers, "sqeuclidean")
    cluster = distances.argmin(axis=1)
    mean = np.bincount(cluster, gain) / np.maximum(np.bincount(cluster), 1)
    eligible = (cluster[:, None] == np.arange(len(centers))) & (gain >= mean[cluster] - 1e-9)[
        :, None
    ]
    nearest = np.where(eligible, distances, np.inf).argmin(axis=0)
    return nearest[eligible.any(axis=0)]


def _far_apart(points: np.ndarray, weights: np.ndarray, count: int) -> list[int]:
    """Positions to start from: each the farthest from those before, times its weight."""
    chosen = [int(weights.argmax())]
    nearest = np.full(len(points), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, cdist(points, points[chosen[-1:]], "sqeuclidean")[:, 0])
        chosen.append(int((weights * nearest).argmax()))
    return chosen
