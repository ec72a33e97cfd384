import numpy as np
import pytest

from assay.cleaning import network_recipe

SHAPE = [32, 32, 3]
DOUBTFUL = np.full(20_000, 0.9)  # the probability that each label is right
NEARLY_CLEAN = np.full(20_000, 0.99)


def test_many_small_images_with_many_errors_get_a_short_training() -> None:
    short = network_recipe.choose("auto", "image", SHAPE, DOUBTFUL)
    thorough = network_recipe.choose(3, "image", SHAPE, DOUBTFUL)
    assert short
    assert thorough
    assert short.folds * short.epochs * 4 < thorough.folds * thorough.epochs


@pytest.mark.parametrize(
    ("modality", "shape", "quality"),
    [
        ("image", SHAPE, NEARLY_CLEAN),
        ("image", SHAPE, DOUBTFUL[:1_000]),
        ("image", [224, 224, 3], DOUBTFUL),
        ("image", [64, 64, 3], np.full(100_000, 0.9)),
        ("table", [100], DOUBTFUL),
        ("text", [], DOUBTFUL),
    ],
)
def test_where_it_is_not_known_to_pay_there_is_none(
    modality: str, shape: list[int], quality: np.ndarray
) -> None:
    assert network_recipe.choose("auto", modality, shape, quality) is None
    assert network_recipe.choose(0, modality, shape, DOUBTFUL) is None
    asked_for = network_recipe.choose(3, modality, shape, quality)
    assert asked_for
    assert asked_for.folds == 3
