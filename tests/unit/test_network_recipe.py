import numpy as np
import pandas as pd
import pytest

from assay.catalogue import payloads
from assay.cleaning import annotators, cross_validation, network_recipe, out_of_sample
from assay.cleaning.annotators import Votes
from assay.contract.parameters import Parameters
from assay.contract.sections import Clean

SHAPE = [32, 32, 3]
N, CLASSES = 6_000, 2


def test_many_small_images_get_a_short_training_if_labels_seem_wrong() -> None:
    short = network_recipe.choose("auto", "image", SHAPE, 20_000)
    thorough = network_recipe.choose(3, "image", SHAPE, 20_000)
    assert short
    assert thorough
    assert short.folds * short.epochs * 4 < thorough.folds * thorough.epochs
    assert short.least_wrong > thorough.least_wrong == 0


def test_only_networks_for_colour_images_learn_fast() -> None:
    for folds in ("auto", 3):
        colour = network_recipe.choose(folds, "image", SHAPE, 20_000)
        grey = network_recipe.choose(folds, "image", [28, 28, 1], 20_000)
        assert colour
        assert grey
        assert colour.learning_rate > grey.learning_rate
    table = network_recipe.choose(3, "table", [100], 20_000)
    assert table
    assert table == network_recipe.choose(3, "image", [28, 28, 1], 20_000)


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


def scores_of_networks(
    monkeypatch: pytest.MonkeyPatch, wrong: int, folds: str | int = "auto"
) -> list[np.ndarray]:
    """What networks are asked to learn of images of which two people labelled each, one with some
    wrong labels; the classifiers are sure of the true class.
    """
    true = np.arange(N) % CLASSES
    labels = np.concatenate([true, true])
    labels[:wrong] = 1 - labels[:wrong]
    person = np.repeat([0, 1], N)
    votes = Votes(np.tile(np.arange(N), 2), person, labels, (N, 2, CLASSES))
    pred_probs = np.where(np.eye(CLASSES)[true] > 0, 0.9, 0.1).astype(np.float32)
    others = out_of_sample.OutOfSample(pred_probs, annotators.uniform(0.1, CLASSES), None)
    learned = pd.Series(labels[:N])
    params = Parameters.model_construct(clean=Clean.model_construct(folds=folds))
    targets: list[np.ndarray] = []

    def learn(examples: pd.DataFrame, known: np.ndarray, asked: np.ndarray, *_: object) -> None:
        targets.append(asked)

    monkeypatch.setattr(payloads, "payload_format", lambda _: {"modality": "image", "shape": SHAPE})
    monkeypatch.setattr(cross_validation, "log_probabilities", learn)
    out_of_sample._of_network(pd.DataFrame(index=range(N)), learned, votes, others, params)
    return targets


def test_networks_learn_what_both_people_and_the_classifiers_think(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    wrong = N // 10
    (targets,) = scores_of_networks(monkeypatch, wrong)
    assert targets.shape == (N, CLASSES)
    assert (targets.argmax(axis=1) == np.arange(N) % CLASSES).all()
    assert "10% of the labels seem wrong, so networks judge them too" in capsys.readouterr().out


def test_where_labels_seem_right_none_is_trained_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    few = N // 100
    assert not scores_of_networks(monkeypatch, few)
    assert not scores_of_networks(monkeypatch, N // 10, folds=0)
    assert scores_of_networks(monkeypatch, few, folds=3)
    assert capsys.readouterr().out == ""
