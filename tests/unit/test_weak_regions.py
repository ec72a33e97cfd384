"""Weak regions: one that was planted comes first, chance makes none, and few or equal rows break nothing."""

import numpy as np
import pandas as pd
import pytest

from assay.evaluation import weak_regions


def clusters(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points around 20 means, and which mean each belongs to."""
    of = rng.integers(20, size=600)
    return (rng.normal(size=(20, 30)) * 3)[of] + rng.normal(size=(600, 30)), of


def test_a_planted_region_is_first_and_described() -> None:
    rng = np.random.default_rng(0)
    features, of = clusters(rng)
    correct = np.where(of == 7, False, rng.random(600) < 0.95)
    parts = pd.DataFrame({"site": np.where(of == 7, "=north", ""), "batch": "1"})
    texts = np.where(of == 7, "Card lost", "card arrived")
    points = weak_regions.components([features[:250], features[250:]])
    predicted = np.where(of == 7, "cat", "dog")
    traits = weak_regions.traits_of(parts, texts)
    first = weak_regions.table(points, correct, predicted, traits, 0.95).iloc[0]
    assert first["worse"]
    assert first["examples"] == (of == 7).sum()
    assert first["accuracy"] == 0
    assert first["predicted_as"] == "cat"
    share = f"(100%, of all {(of == 7).mean():.0%})"
    assert first["described"] == f"lost {share}; site = =north {share}"
    assert (of[first["nearest"]] == 7).all()


def test_doubted_labels_of_a_worse_region_are_counted() -> None:
    """Its labels may be wrong, not the model."""
    rng = np.random.default_rng(0)
    features, of = clusters(rng)
    points = weak_regions.components([features])
    names = np.repeat("cat", 600)
    bare = weak_regions.traits_of(pd.DataFrame(index=range(600)), ())
    doubted = (of == 7) & (np.arange(600) % 2 == 0)
    for correct, is_worse in ((of != 7, True), (np.arange(600) % 10 > 0, False)):
        table = weak_regions.table(points, correct, names, bare, 0.95, doubted=doubted)
        assert table["worse"][0] == is_worse
        assert (table["doubted"][table["worse"]] > 0).all()
        assert (table["described"] == "").all()
    table = weak_regions.table(points, of != 7, names, bare, 0.95, doubted=doubted)
    assert table["examples"][0] == (of == 7).sum()
    assert table["doubted"][0] == doubted.sum()
    plain = weak_regions.table(points, of != 7, names, bare, 0.95)
    assert plain.equals(table.assign(doubted=0))


def test_errors_at_random_make_no_weak_region() -> None:
    rng = np.random.default_rng(0)
    groups = weak_regions.groups(weak_regions.components([clusters(rng)[0]]))
    draws = [weak_regions.worst(groups, rng.random(600) < 0.9, 0.95) for _ in range(40)]
    assert sum(listed[0][1]["worse"] for listed in draws) <= 3


@pytest.mark.parametrize("n", [1, 20, 200])
def test_few_examples_and_equal_ones(n: int, recwarn: pytest.WarningsRecorder) -> None:
    points = weak_regions.components([np.ones((n, 5), np.float32)])
    traits = weak_regions.traits_of(pd.DataFrame(index=range(n)), ())
    table = weak_regions.table(points, np.arange(n) > 2, np.repeat("a", n), traits, 0.95)
    assert table.empty
    assert list(table) == weak_regions.COLUMNS
    assert not recwarn.list
