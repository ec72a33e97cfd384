import pytest

from assay.cleaning import network_recipe

SHAPE = [32, 32, 3]


def test_many_small_images_get_a_short_training_if_labels_seem_wrong() -> None:
    short = network_recipe.choose("auto", "image", SHAPE, 20_000)
    thorough = network_recipe.choose(3, "image", SHAPE, 20_000)
    assert short
    assert thorough
    assert short.folds * short.epochs * 4 < thorough.folds * thorough.epochs
    assert short.least_wrong > thorough.least_wrong == 0


@pytest.mark.parametrize(
    ("modality", "shape", "n_learned"),
    [
        ("image", SHAPE, 1_000),
        ("image", [224, 224, 3], 20_000),
        ("image", [64, 64, 3], 100_000),
        ("table", [100], 20_000),
        ("text", [], 20_000),
    ],
)
def test_where_it_is_not_known_to_pay_there_is_none(
    modality: str, shape: list[int], n_learned: int
) -> None:
    assert network_recipe.choose("auto", modality, shape, n_learned) is None
    assert network_recipe.choose(0, modality, SHAPE, 20_000) is None
    asked_for = network_recipe.choose(3, modality, shape, n_learned)
    assert asked_for
    assert asked_for.folds == 3
