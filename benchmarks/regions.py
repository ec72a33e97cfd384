"""Weak regions planted in test examples, and random errors: how many regions are found, and how
many are reported falsely.

python -m benchmarks.regions [DRAWS] [CHOOSE]

A region is 3 % of the test examples, with labels drawn anew. It is one of these: a group of k-means
on all features (`group`); the neighbours of a random example (`neighbours`); or its neighbours
within its class, and for banking77 two intents that are close together (`in a class`). A region is
found if one of the first three reported regions is called worse and at least half of its examples
are planted. `half of it` counts the found ones that also hold half of the planted examples. Random
errors are the errors of the model, given to other examples at random.
The settings were chosen on the first half of the test examples, and the second half is reported.
Some examples of FSDD are in both.
"""

import sys
from functools import partial
from time import process_time
from unittest import mock

import numpy as np
from sklearn.cluster import KMeans

from assay.evaluation import weak_regions
from assay.measures import leave_one_out
from benchmarks import forecast
from benchmarks.workspace import machine, row

NAMES = ("fsdd", "banking77", "cifar10n", "mnist")
LEARNED, MOST = 6000, 3000  # examples that the model learns from, and test examples
SHARE, LEVEL = 0.03, 0.95
PLANTS = ("group", "neighbours", "in a class")


def tested(name: str, choose: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, true classes and predicted ones of half of the test examples."""
    rng = np.random.default_rng(1)
    payload_format, payload, given, truth, is_test = forecast.payloads(name)
    if name == "fsdd":  # its own test split is small
        is_test = rng.permutation(len(truth)) < 1200
    learned = rng.permutation(np.flatnonzero(~is_test))[:LEARNED]
    halves = np.array_split(np.flatnonzero(is_test), 2)
    kept = np.concatenate([learned, halves[0 if choose else 1][:MOST]])
    chosen = payload_format, payload[kept], given[kept], truth[kept], is_test[kept]
    with mock.patch.object(forecast, "payloads", return_value=chosen):
        rows, _, truth, is_test = forecast.embedded(name)
    classes, labels = np.unique(truth, return_inverse=True)
    seen = rows[~is_test], labels[~is_test], len(classes)
    coef, intercept = leave_one_out.solve([seen[0]], *seen[1:], forecast.penalty(*seen))
    predicted = (rows @ coef + intercept).argmax(axis=1)
    return rows[is_test], labels[is_test], predicted[is_test]


def planted(plant: str, rows: np.ndarray, labels: np.ndarray, rng) -> np.ndarray:
    """Which rows (n,) are planted."""
    centre, inside = rng.integers(len(rows)), np.zeros(len(rows), bool)
    if plant == "group":
        number = round(1 / SHARE)
        groups = KMeans(number, n_init=1, random_state=int(centre)).fit_predict(rows)
        share = np.bincount(groups) / len(rows)
        return groups == rng.choice(np.flatnonzero((share > 0.02) & (share < 0.045)))
    distance = np.square(rows - rows[centre]).sum(axis=1)
    if plant == "in a class" and labels.max() > 1 / SHARE:
        classes = np.unique(labels)
        means = np.array([rows[labels == label].mean(axis=0) for label in classes])
        between = np.square(means - means[classes == labels[centre]]).sum(axis=1)
        return np.isin(labels, classes[np.argsort(between, kind="stable")[:2]])
    if plant == "in a class":
        distance[labels != labels[centre]] = np.inf
    inside[np.argsort(distance, kind="stable")[: round(SHARE * len(rows))]] = True
    return inside


def main() -> None:
    print(f"# {machine()}\n")
    draws = next((int(word) for word in sys.argv[1:] if word.isdigit()), 40)
    heads = [f"{plant} ({word})" for plant in PLANTS for word in ("found", "half of it")]
    row("data", "test examples", "errors", *heads, "at random", "as it is", "CPU s")
    row(*["---"] * (len(heads) + 6))
    for name in NAMES:
        rows, labels, predicted = tested(name, "CHOOSE" in sys.argv)
        rng, n_classes = np.random.default_rng(7), labels.max() + 1
        start = process_time()
        points = weak_regions.components([rows])
        groups = weak_regions.groups(points)
        seconds = process_time() - start
        look = partial(weak_regions.worst, groups, confidence=LEVEL)
        shares = []
        for plant in PLANTS:
            hits = []
            for _ in range(draws):
                inside, given = planted(plant, rows, labels, rng), labels.copy()
                given[inside] = rng.integers(n_classes, size=inside.sum())
                both = [
                    (region & inside).sum() / (region.sum(), inside.sum())
                    for region, measured in look(predicted == given)[:3]
                    if measured["worse"]
                ]
                right = [part >= 0.5 for part in both]
                hits.append([any(a for a, _ in right), any(a and b for a, b in right)])
            shares += [f"{share:.2f}" for share in np.mean(hits, axis=0)]
        correct = predicted == labels
        worse = [look(rng.permutation(correct))[0][1]["worse"] for _ in range(5 * draws)]
        real = sum(measured["worse"] for _, measured in look(correct))
        wrong = f"{1 - correct.mean():.1%}"
        row(name, len(rows), wrong, *shares, f"{np.mean(worse):.3f}", real, f"{seconds:.2f}")


if __name__ == "__main__":
    main()
