"""The noise layer finds the share of wrong labels and the confusions without the truth."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from assay.cleaning import kernel_vote, noise_layer, score_weights
from assay.measures import leave_one_out
from assay.training import calibration


def noisy(
    noise: float, n: int = 20_000, n_classes: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose softmax at temperature 0.2 is the probability of the true class; true and given labels."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(n, n_classes))
    truth = np.argmax(scores / 0.2 + rng.gumbel(size=scores.shape), axis=1)
    wrong = rng.random(n) < noise
    other = (truth + rng.integers(1, n_classes, n)) % n_classes
    return scores, truth, np.where(wrong, other, truth)


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
def test_finds_temperature_and_noise(noise):
    scores, _, given = noisy(noise)
    sharpness, found = calibration.sharpness_and_noise([scores], given)
    assert found == pytest.approx(noise, abs=0.01)
    assert 1 / sharpness[0] == pytest.approx(0.2, rel=0.1)


def test_finds_the_confusion_matrix():
    scores, truth, _ = noisy(0.0)
    one_in_four = np.arange(len(truth)) % 4 == 0
    given = np.where((truth == 1) & one_in_four, 2, truth)
    confusion = noise_layer.fit([scores], given).confusion
    np.testing.assert_allclose(confusion[1, [1, 2]], [0.75, 0.25], atol=0.04)
    np.testing.assert_allclose(np.diag(confusion)[[0, 2, 3, 4]], 1, atol=0.03)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_labels_that_are_wrong_by_class_are_found_although_a_classifier_learned_them(share):
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=4000)
    given = np.where(rng.random(4000) < share, (truth + 1) % 5, truth)
    shares = np.stack([np.roll([1 - share, share, 0, 0, 0], label) for label in range(5)])[truth]
    # the scores that neighbours would give, from the given labels
    scores = np.log(shares + 0.01) + rng.normal(scale=0.1, size=shares.shape)
    layer = noise_layer.fit([scores], given)
    joint = layer.pred_probs([scores]) * layer.confusion[:, given].T
    assert np.mean(joint.argmax(axis=1) == truth) > 0.98


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("n", "n_rare"), [(8000, 22), (800, 10)])
def test_a_rare_class_that_is_predicted_is_no_chance(seed: int, n: int, n_rare: int):
    rng = np.random.default_rng(seed)
    given = (np.arange(n) < n_rare).astype(int)
    noise = rng.normal(size=(n, 2))
    says_something = noise_layer.fit([noise + 6 * np.eye(2)[given]], given)
    assert says_something.weights.any()
    assert not noise_layer.fit([noise], given).weights.any()


def test_confusions_are_found_with_too_few_examples_for_free_weights():
    scores, truth, _ = noisy(0.0, n=3000, n_classes=60)
    given = np.where(np.random.default_rng(1).random(3000) < 0.1, (truth + 1) % 60, truth)
    layer = noise_layer.fit([scores], given)
    np.testing.assert_allclose(np.diag(layer.confusion).mean(), 0.9, atol=0.02)
    mistaken = (layer.confusion - np.eye(60)).argmax(axis=1)
    assert np.mean(mistaken == np.arange(1, 61) % 60) > 0.9


def test_classifiers_no_better_than_chance_are_ignored():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=2000)
    scores = rng.normal(size=(2000, 2))
    layer = noise_layer.fit([scores], labels)
    joint = layer.pred_probs([scores]) * layer.confusion[:, labels].T
    assert (joint.argmax(axis=1) == labels).all()


def test_a_second_classifier_helps_and_a_random_one_does_not_hurt():
    scores, truth, given = noisy(0.2)
    rng = np.random.default_rng(1)
    first, second, idle = (scores + rng.normal(size=scores.shape) for _ in range(3))
    idle = rng.permutation(idle)

    def right(*scores: np.ndarray) -> float:
        return np.mean(noise_layer.fit(scores, given).pred_probs(scores).argmax(axis=1) == truth)

    assert right(first, second) > right(first) + 0.02
    assert right(first, idle) > right(first) - 0.005


def test_predictions_are_calibrated():
    scores, truth, given = noisy(0.2)
    pred_probs = noise_layer.fit([scores], given).pred_probs([scores])
    confidence, right = pred_probs.max(axis=1), pred_probs.argmax(axis=1) == truth
    for low in (0.4, 0.6, 0.8):
        chosen = (confidence >= low) & (confidence < low + 0.2)
        assert right[chosen].mean() == pytest.approx(confidence[chosen].mean(), abs=0.04)


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_many_weak_classifiers_do_not_make_a_good_one_too_sure(seed):
    rng = np.random.default_rng(seed)
    good = rng.normal(size=(600, 3))  # logits as sure as is right
    is_easy = rng.random(600) >= 0.24
    good += 8 * is_easy[:, None] * np.eye(3)[rng.integers(3, size=600)]
    given = (good + rng.gumbel(size=good.shape)).argmax(axis=1)
    wrong = rng.random(600) < 0.08
    given[wrong] = (given[wrong] + rng.integers(1, 3, wrong.sum())) % 3
    weak = [good + rng.normal(scale=8, size=good.shape) for _ in range(6)]
    sharpness, noise = calibration.sharpness_and_noise([*weak, good], given)
    assert sharpness[-1] == pytest.approx(1.5, abs=0.6)
    assert noise == pytest.approx(wrong.mean(), abs=0.03)


@pytest.mark.parametrize(("n", "draws"), [(60, 6), (200, 8), (1200, 3)])
def test_overlap_of_classes_is_no_noise_where_classifiers_are_alike(n, draws):
    falsely_doubted = {False: 0, True: 0}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        logits = rng.normal(size=(n, 3)) * 0.7  # they say little of the class
        truth = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        wrong = rng.random(n) < 0.08
        given = truth.copy()
        given[wrong] = (truth[wrong] + rng.integers(1, 3, wrong.sum())) % 3
        scores = [logits + rng.normal(size=logits.shape) * each for each in (0.5, 0.7, 0.6, 0.8)]
        for alike in falsely_doubted:
            posterior = noise_layer.fit(scores, given, alike=alike).posterior(scores, given)
            doubted = posterior.argmax(axis=1) != given
            falsely_doubted[alike] += int((doubted & ~wrong).sum())
    assert falsely_doubted[True] < 0.5 * falsely_doubted[False]


# without the choice by likelihood none is found among 4 classes; with full cells, among 8 classes
@pytest.mark.parametrize(("n", "n_classes", "n_columns"), [(1200, 4, 6), (900, 8, 20)])
def test_labels_wrong_in_one_direction_are_found_where_classifiers_are_alike(
    n, n_classes, n_columns
):
    rng = np.random.default_rng(0)
    truth = rng.integers(n_classes, size=n)
    rows = rng.normal(size=(n, n_columns))
    rows += (1.2 * rng.normal(size=(n_classes, n_columns)))[truth]
    wrong = (truth == 0) & (rng.random(n) < 0.3)
    given = np.where(wrong, 1, truth)
    linear = leave_one_out.fit([rows], given, n_classes)
    near = kernel_vote.fit([rows], given, linear, n)
    scores = [linear.scores, near.scores(rows, 0)]
    posterior = noise_layer.fit(scores, given, alike=True).posterior(scores, given)
    doubted = posterior.argmax(axis=1) != given
    assert (doubted & wrong).sum() > 0.7 * wrong.sum()
    assert (doubted & ~wrong).sum() < 0.05 * wrong.sum()


def test_separable_scores_do_not_run_away():
    labels = np.arange(60) % 3
    sharpness, noise = calibration.sharpness_and_noise([np.eye(3)[labels] * 5], labels)
    assert sharpness[0] < 20
    assert noise > 0


@pytest.mark.parametrize(("scale", "most"), [(0.5, 0.06), (1, 0.04), (2, 0.08)])
def test_few_labels_do_not_make_a_good_model_too_sure(scale, most):
    """Logits `scale` times as sure as is right: the expected log loss over the least possible."""
    rng = np.random.default_rng(0)
    excess = []
    for _ in range(20):
        right = rng.normal(scale=2.2, size=2000)  # the logit of the second of two classes
        probability = 1 / (1 + np.exp(-right))
        labels = (rng.random(15) < probability[:15]).astype(int)
        logits = np.stack([np.zeros(2000), right * scale], axis=1)
        sharpness = scale / calibration.temperature(logits[:15], labels)
        losses = [
            np.mean(np.logaddexp(0, right * factor) - probability * right * factor)
            for factor in (sharpness, 1)
        ]
        excess.append(losses[0] - losses[1])
    assert np.mean(excess) < most


def test_many_labels_leave_what_is_assumed_of_logits_behind():
    scores, _, given = noisy(0.1)
    assert calibration.temperature(scores, given) == pytest.approx(0.2, rel=0.1)


def test_logits_that_say_nothing_have_a_temperature():
    assert calibration.temperature(np.zeros((3, 2)), np.array([0, 1, 0])) > 0


@pytest.mark.parametrize("n_classes", [1, 2, 150])
def test_any_number_of_classes(n_classes):
    rng = np.random.default_rng(0)
    labels = rng.integers(n_classes, size=600)
    noise, random = rng.normal(size=(2, 600, n_classes))
    scores = [np.eye(n_classes)[labels] + noise, random]
    layer = noise_layer.fit(scores, labels)
    np.testing.assert_allclose(layer.pred_probs(scores).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(layer.confusion.sum(axis=1), 1, rtol=1e-9)


def test_absurd_scores_are_no_error():
    scores = np.array([[1e6, -1e6, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, -1e6]])
    pred_probs = noise_layer.fit([scores], np.array([0, 1, 1])).pred_probs([scores])
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("model_of", "accuracy"), [(score_weights.Weights, 1e-5), (score_weights.Temperatures, 0.02)]
)
def test_the_gradient_is_that_of_the_objective(model_of, accuracy):
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(2, 50, 3)), rng.integers(3, size=50)
    model = model_of(scores, labels, np.array([1.0, 2.0]))
    start = np.concatenate([model.start, np.zeros(3), rng.normal(size=9)])
    point = start + rng.normal(scale=0.3, size=len(start))
    step = 1e-6 if model_of is score_weights.Weights else 1e-2  # the other one computes in float32

    def loss(point: np.ndarray) -> float:
        return noise_layer._objective(point, model, start, labels)[0]

    gradient = noise_layer._objective(point, model, start, labels)[1]
    np.testing.assert_allclose(gradient, approx_fprime(point, loss, step), atol=accuracy)
