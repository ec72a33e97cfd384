"""What to ask people next: doubtful examples that are like many others, and unlike each other.

An answer about an example in a dense region says more about other examples (Settles and Craven
2008: information density). The examples of most worth form a short list. k-means, weighted by the
square of the worth, cuts it into as many clusters as a page has questions. One example of each
cluster is asked for.

B. Settles, M. Craven: An Analysis of Active Learning Strategies for Sequence Labeling Tasks. EMNLP
2008. F. Zhdanov: Diverse Mini-Batch Active Learning. arXiv:1901.05954, 2019.
"""

import numpy as np
from scipy.spatial.distance import cdist

SHORT_LIST = 1000  # in a list of a tenth of this, most examples are hard but teach little
WHITENED_BY = 256  # rows that the whitening is estimated from: as good as all, and 0.1 s faster
CANDIDATES = 5000  # examples whose worth is computed
_ITERATIONS = 8
_NEIGHBOURS = 20  # that density is measured by
_ROWS = 1000  # rows of distances in memory at a time
_TINY = 1e-12


def choose(
    points: np.ndarray, doubt: np.ndarray, others: np.ndarray, length: int, page: int
) -> np.ndarray:
    """The positions (<= length,) of the examples to ask for, page by page.

    Parameters
    ----------
    points : (n, dimensions), whitened embeddings
    doubt : (n,) 0..1, how unsure the label in use is
    others : (m, dimensions), the embeddings of a sample of all examples
    page : how many questions are asked before the next ones are chosen
    """
    worth = doubt * np.sqrt(density(points, others))
    short_list = np.sort(np.argsort(-worth, kind="stable")[: SHORT_LIST + length])
    return short_list[by_page(points[short_list], worth[short_list] ** 2, length, page)]


def density(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How near the nearest of `others` (m, dimensions) are to each point: (n,), mean 1."""
    count, means = min(_NEIGHBOURS, len(others)), []
    for start in range(0, len(points), _ROWS):
        distances = cdist(points[start : start + _ROWS], others)  # (rows, m)
        means.append(np.partition(distances, count - 1, axis=1)[:, :count].mean(axis=1))
    inverse = 1 / np.maximum(np.concatenate(means), _TINY)
    return inverse / inverse.mean()


def by_page(points: np.ndarray, gain: np.ndarray, length: int, page: int) -> np.ndarray:
    """The positions (<= length,) of the examples to ask for, page by page, by decreasing gain.

    Parameters
    ----------
    points : (n, dimensions); an answer about one point says more about nearer ones
    gain : (n,) >= 0, what an answer is worth
    page : as in `choose`
    """
    left = np.arange(len(points))
    asked: list[int] = []
    while len(left) and len(asked) < length:
        count = min(page, length - len(asked))
        chosen = left[one_of_each_cluster(points[left], gain[left], count)]
        asked += chosen[np.argsort(-gain[chosen], kind="stable")].tolist()
        left = np.setdiff1d(left, chosen)
    return np.array(asked, int)


def number_of_checks(learnable: int, checks: int, length: int, share: float) -> int:
    """How many of `length` questions check test labels: a share, or more if there is little else.

    Parameters
    ----------
    learnable, checks : how many questions there are of both kinds
    share : 0..1
    """
    return min(checks, max(round(length * share), length - learnable))


def evenly_mixed(first: int, second: int) -> np.ndarray:
    """Positions (first + second,) in two lists, joined, in an order that mixes both evenly."""
    places = [(np.arange(count) + 0.5) / max(count, 1) for count in (first, second)]
    return np.argsort(np.concatenate(places), kind="stable")


def one_of_each_cluster(points: np.ndarray, gain: np.ndarray, count: int) -> np.ndarray:
    """Positions of the examples nearest to the centres of at most `count` weighted clusters.

    Only an example whose gain is at least the mean gain of its cluster is eligible: an example
    that the model is sure of says nothing about the doubtful ones near it.
    """
    weights = gain + 1e-6
    centers = points[_far_apart(points, weights, min(count, len(points)))]
    for _ in range(_ITERATIONS):
        cluster = cdist(points, centers, "sqeuclidean").argmin(axis=1)
        shares = (cluster == np.arange(len(centers))[:, None]) * weights  # (clusters, n)
        shares = shares[shares.any(axis=1)]
        centers = shares @ points / shares.sum(axis=1, keepdims=True)
    distances = cdist(points, centers, "sqeuclidean")  # (n, clusters)
    cluster = distances.argmin(axis=1)
    mean_gain = np.bincount(cluster, gain) / np.maximum(np.bincount(cluster), 1)
    doubtful = gain >= mean_gain[cluster] - 1e-9
    eligible = (cluster[:, None] == np.arange(len(centers))) & doubtful[:, None]
    nearest = np.where(eligible, distances, np.inf).argmin(axis=0)
    return nearest[eligible.any(axis=0)]


def _far_apart(points: np.ndarray, weights: np.ndarray, count: int) -> list[int]:
    """Positions to start from. The next one has the most weight times squared distance to these."""
    chosen = [int(weights.argmax())]
    nearest = np.full(len(points), np.inf)
    while len(chosen) < count:
        distances = cdist(points, points[chosen[-1:]], "sqeuclidean")[:, 0]
        nearest = np.minimum(nearest, distances)
        chosen.append(int((weights * nearest).argmax()))
    return chosen
