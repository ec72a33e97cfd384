"""The accuracy against true labels: from probabilities, and from a few answers by chance."""

import numpy as np
import pandas as pd
import pytest

from assay.cleaning import quality
from assay.contract.errors import InputError
from assay.evaluation import held_out_labels, known_labels, true_accuracy
from assay.evaluation.known_labels import Known

IDS = [f"{number:032x}" for number in range(2000)]


def simulated(seed: int, sure: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The probability that each prediction is right, stated with an error; the truth; agreement."""
    rng = np.random.default_rng(seed)
    doubtful = rng.random(len(IDS)) < 0.2
    actual = np.where(doubtful, 0.7, 0.99)
    stated = np.where(doubtful, sure, 0.99)
    correct = (rng.random(len(IDS)) < actual).astype(float)
    return stated, correct, ~doubtful


def checked(
    right: np.ndarray, correct: np.ndarray, agrees: np.ndarray, seed: int, count: int
) -> tuple:
    ids = [f"{seed} {id_}" for id_ in IDS]
    order = true_accuracy.check_order(ids, right, agrees)
    answers = np.full(len(right), np.nan)
    first = np.argsort(order)[:count]
    answers[first] = correct[first]
    return order, answers


def test_answers_mend_probabilities_that_are_wrong():
    off, without, holds = [], [], []
    for seed in range(30):
        right, correct, agrees = simulated(seed, sure=0.55)
        order, answers = checked(right, correct, agrees, seed, 200)
        nothing = np.full(len(right), np.nan)
        value, low, high = true_accuracy.estimate(right, order, agrees, answers, 0.95)
        holds.append(low < correct.mean() < high)
        off.append(value - correct.mean())
        without.append(true_accuracy.estimate(right, order, agrees, nothing, 0.95)[0])
    assert np.mean(without) == pytest.approx(0.932 - 0.03, abs=0.01)
    assert abs(np.mean(off)) < 0.01
    assert np.mean(holds) > 0.85


def test_if_all_is_answered_it_is_the_share_of_right_predictions():
    right, correct, agrees = simulated(0, sure=0.4)
    order, answers = checked(right, correct, agrees, 0, len(right))
    value, low, high = true_accuracy.estimate(right, order, agrees, answers, 0.95)
    assert value == pytest.approx(correct.mean(), abs=1e-9)
    assert high - low == pytest.approx(
        2 * 1.96 * np.sqrt(value * (1 - value) / len(right)), rel=0.05
    )


def test_doubtful_labels_are_checked_earlier_but_others_too():
    right = np.where(np.arange(2000) < 1000, 0.5, 0.999)
    first = np.argsort(true_accuracy.check_order(IDS, right, right > 0))[:200]
    assert 5 < (first >= 1000).sum() < 60


def test_answers_out_of_turn_and_skipped_ones_do_no_harm():
    right, correct, agrees = simulated(1, sure=0.7)
    order, answers = checked(right, correct, agrees, 1, 200)
    first = np.argsort(order)
    answers[first[:200:10]] = np.nan  # skipped
    answers[first[-50:]] = correct[first[-50:]]  # out of turn
    value, low, high = true_accuracy.estimate(right, order, agrees, answers, 0.95)
    assert value == pytest.approx(correct.mean(), abs=0.02)
    assert low < value < high


def test_answers_about_examples_without_a_label_are_no_checks():
    right, correct, agrees = simulated(2, sure=0.55)
    order, answers = checked(right, correct, agrees, 2, 200)
    share, variance = true_accuracy.of_these(right, order, agrees, answers)
    said = np.repeat([1.0, 0.0], [70, 30])  # by people, about examples that had no label
    more = (
        np.append(right, np.where(said > 0, 0.99, 0.02)),
        np.append(order, np.full(100, np.nan)),
        np.append(agrees, said > 0),
        np.append(answers, said),
    )
    of_all, variance_of_all = true_accuracy.of_these(*more)
    n = len(right)
    assert of_all == pytest.approx((share * n + 70) / (n + 100), abs=1e-12)
    assert variance_of_all == pytest.approx(variance * (n / (n + 100)) ** 2, rel=1e-9)
    nothing = np.full(n, np.nan)
    alone, _ = true_accuracy.of_these(*[part[n:] for part in more])
    assert alone == pytest.approx(0.7)
    without, _ = true_accuracy.of_these(*more[:3], np.append(nothing, said))
    assert without == pytest.approx((right.sum() + 70) / (n + 100), abs=1e-12)


def test_a_perfect_model_has_an_interval_below_one():
    ones = np.ones(50)
    value, low, high = true_accuracy.estimate(ones, ones, ones > 0, ones * np.nan, 0.95)
    assert value == 1
    assert 0.9 < low < high <= 1


def test_labels_of_a_rare_class_are_not_doubted_for_being_rare(capsys):
    """Nothing predicts them, so nobody knows how many are right."""
    given = (np.arange(1000) < 5).astype(int)
    predictions = [np.tile([0.995, 0.005], (1000, 1))] * 2
    classes = ["ok", "fraud"]
    frame = {"id": IDS[:1000], "given": np.array(classes)[given], "had_label": True, "truth": ""}
    for split, more in (("test", "; so accuracy_true is not estimated"), ("validation", "")):
        held_out = pd.DataFrame(frame | {"split": split})
        judged = held_out_labels.doubt(held_out, *predictions, classes, classes)
        assert (judged["suggested"] == judged["given"]).all()
        assert (judged["reason"] == "").all()
        said = "1,000 labels outside training: none is judged, since nothing predicts them better"
        line = capsys.readouterr().err
        assert said in line
        assert line.endswith(f"than the frequencies of the classes do{more}\n")
        answers = pd.Series("ok", IDS[:50])
        assert true_accuracy.metrics(judged, answers, 0.95) == {"test_doubts": 0}


def test_wrong_labels_are_those_that_both_predictions_contradict():
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=400)
    given = np.where(rng.random(400) < 0.1, (true + 1) % 3, true)
    predictions = []
    for _ in range(2):
        noisy = np.eye(3)[true] * 4 + rng.normal(size=(400, 3))
        predictions.append(np.exp(noisy) / np.exp(noisy).sum(axis=1, keepdims=True))
    posterior = held_out_labels.posterior(predictions, given)
    judged = held_out_labels.judge(given, posterior, ["a", "b", "c"])
    flagged = (judged["reason"] != "").to_numpy()
    assert (flagged == (given != true)).mean() > 0.97
    assert judged["quality"].between(0, 1).all()


def test_a_label_of_a_class_that_was_never_learned_is_taken_to_be_right():
    given = ["a", "b", "cow", "owl"] * 10
    frame = {"id": IDS[:40], "given": given, "split": "test", "had_label": True}
    of_clean = np.tile(
        [[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.5, 0.5, 0], [0.5, 0.5, 0]], (10, 1)
    )
    of_model = np.tile([[0.99, 0.01], [0.01, 0.99], [0.9, 0.1], [0.1, 0.9]], (10, 1))
    classes, learned = ["a", "b", "cow"], ["a", "b"]
    judged = held_out_labels.doubt(pd.DataFrame(frame), of_clean, of_model, classes, learned)
    assert (judged["suggested"] == judged["given"]).all()
    assert (judged["reason"] == "").all()
    is_new = judged["given"].isin(["cow", "owl"])
    assert (judged.loc[is_new, "quality"] == 1).all()
    assert (judged.loc[is_new, "right"] == 0).all()
    assert (judged.loc[~is_new, "right"] > 0.9).all()
    assert judged["predicted"].tolist() == ["a", "b", "a", "b"] * 10

    alone = judged.loc[is_new, list(frame)]
    alone = held_out_labels.doubt(alone, of_clean[is_new], of_model[is_new], classes, learned)
    assert (alone["quality"] == 1).all()


def test_clean_takes_test_labels_of_an_unlearned_class_to_be_right():
    labels = pd.DataFrame({"given": [0, 1, 2], "held_out": [False, True, True]}, index=[0, 2, 3])
    pred_probs = np.full((4, 3), 1 / 3, np.float32)
    believed = quality.sure_of_unlearned(pred_probs, labels)
    np.testing.assert_array_equal(believed[:2], pred_probs[:2])
    np.testing.assert_array_equal(believed[2:], np.eye(3)[[1, 2]])
    learned = labels.assign(held_out=False)
    assert quality.sure_of_unlearned(pred_probs, learned) is pred_probs


def test_a_sure_contradiction_is_checked_early_and_truth_needs_no_estimate():
    right = np.where(np.arange(2000) < 20, 0.999, 0.99)
    order = true_accuracy.check_order(IDS, right, np.arange(2000) >= 20)
    assert np.median(np.argsort(np.argsort(order))[:20]) < 1000
    doubts = pd.DataFrame(
        {"id": ["a", "b"], "predicted": ["x", "x"], "given": ["x", "y"], "truth": ["x", "x"]}
    ).assign(reason=["", "r"], right=[0.9, 0.8], check_order=[1.0, 2.0])
    nobody = pd.Series(dtype=object)
    assert true_accuracy.metrics(doubts, nobody, 0.95) == {"test_doubts": 1}
    partly = true_accuracy.metrics(doubts.assign(truth=["x", ""]), nobody, 0.95)
    assert partly["accuracy_true"] == pytest.approx(0.9, abs=0.02)


def of_model(correct: np.ndarray, stated: float) -> pd.DataFrame:
    """Test examples without doubt: the model says x of all."""
    right, agrees = np.full(len(IDS), stated), np.ones(len(IDS), bool)
    order = true_accuracy.check_order(IDS, right, agrees)
    columns = {"predicted": "x", "given": "x", "truth": "", "reason": "", "right": right}
    return pd.DataFrame({"id": IDS, "check_order": order, "correct": correct}).assign(**columns)


def test_an_example_whose_answers_tie_counts_by_their_shares():
    doubts = of_model(np.arange(len(IDS)) % 10 < 7, stated=0.95)  # of the others the answers tie
    answers = pd.Series("x", doubts["id"][doubts["correct"]])
    ids = doubts["id"][~doubts["correct"]]
    tied = pd.concat([pd.Series(label, ids) for label in "xyz"])
    metrics = true_accuracy.metrics(doubts, answers, 0.95, tied)
    assert metrics["accuracy_true"] == pytest.approx(0.7 + 0.3 / 3, abs=1e-6)
    shares = true_accuracy.shares_of_ties(tied, doubts.set_index("id")["predicted"])
    np.testing.assert_allclose(shares, 1 / 3)
    assert true_accuracy.shares_of_ties(tied[:0], doubts.set_index("id")["predicted"]).empty


def test_ties_on_hard_examples_do_not_favour_the_model():
    off = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        hard = rng.random(len(IDS)) < 0.2  # people's answers tie, and the model is a coin
        correct = np.where(hard, rng.random(len(IDS)) < 0.5, rng.random(len(IDS)) < 0.98)
        doubts = of_model(correct, stated=0.88)
        checked = doubts["check_order"].rank() <= 300
        answered = doubts[checked & ~hard]
        answers = pd.Series(np.where(answered["correct"], "x", "y"), answered["id"])
        ids = doubts["id"][checked & hard]
        tied = pd.concat([pd.Series(label, ids) for label in "xy"])
        value = true_accuracy.metrics(doubts, answers, 0.95, tied)["accuracy_true"]
        off.append(value - correct.mean())
    assert abs(np.mean(off)) < 0.02


def test_without_a_test_split_the_remedy_fits_batches_that_bring_their_splits():
    examples = pd.DataFrame({"split": ["train", "validation"]})
    none = examples[:0]
    known = Known(examples, none, none, none, none, pd.Series(), pd.Series())
    with pytest.raises(InputError) as error:
        known_labels.refuse(known)
    own, others = str(error.value).split("; else ")
    assert own.endswith("column `split` or folders of splits, give examples the split test")
    assert others == "raise collect.test in params.yaml; then type `dvc repro`"


def test_cleaning_is_not_blamed_for_what_other_findings_leave_out():
    columns = {"id": list("abcde"), "given": list("xxyyx"), "suggested": list("xyxyy")}
    judged = pd.DataFrame(columns).assign(decision=["keep", "relabel", "drop", "review", "drop"])
    uncleaned, cleaned = known_labels.before_and_after(judged, ["e", "a leak without a label"])
    assert uncleaned.set_index("id")["label"].to_dict() == {"a": "x", "b": "x", "c": "y", "d": "y"}
    assert cleaned.set_index("id")["label"].to_dict() == {"a": "x", "b": "y", "d": "y"}
    nothing, _ = known_labels.before_and_after(judged, list("abcde"))
    assert nothing.empty


def test_examples_known_by_their_truth_alone_count_with_it():
    doubts = of_model(np.ones(len(IDS)), stated=0.9)
    nobody = pd.Series(dtype=object)
    ids = [f"unlabelled {number}" for number in range(len(IDS))]
    known = pd.DataFrame({"id": ids, "predicted": "x", "truth": ["x", "y"] * (len(ids) // 2)})
    alone = true_accuracy.metrics(doubts, nobody, 0.95)["accuracy_true"]
    both = true_accuracy.metrics(doubts, nobody, 0.95, unlabelled=known)
    assert alone == pytest.approx(0.9)
    assert both["accuracy_true"] == pytest.approx((0.9 + 0.5) / 2)
    assert both["test_doubts"] == 0
    none = true_accuracy.metrics(doubts, nobody, 0.95, unlabelled=known[:0])
    assert none == true_accuracy.metrics(doubts, nobody, 0.95)


def test_labels_that_the_model_learned_are_judged_without_it():
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=400)
    given = np.where(np.arange(400) < 20, 1 - codes, codes)  # the first twenty are wrong
    of_clean = np.where(np.eye(2)[codes] > 0, 0.95, 0.05)
    of_model = np.where(np.eye(2)[given] > 0, 0.999, 0.001)  # it knows the labels by heart
    frame = pd.DataFrame({"id": IDS[:400], "given": np.array(["a", "b"])[given], "had_label": True})
    frame["split"] = np.where(np.arange(400) % 2, "test", "validation")
    classes = ["a", "b"]
    parts = frame, of_clean, of_model, classes, classes
    judged = held_out_labels.doubt(*parts, learned_splits=["train", "validation"])
    is_wrong = (given != codes) & (frame["split"] == "validation")
    of_validation = judged[judged["split"] == "validation"]
    assert set(of_validation.loc[of_validation["reason"] != "", "id"]) == set(frame["id"][is_wrong])
    reasons = of_validation["reason"][of_validation["reason"] != ""]
    assert reasons.str.startswith("the other examples say ").all()
    assert sorted(judged["id"]) == sorted(frame["id"])
    swapped = of_model.copy()
    swapped[frame["split"] == "validation"] = 0.5
    again = held_out_labels.doubt(
        frame, of_clean, swapped, *parts[3:], learned_splits=["validation"]
    )
    columns = ["id", "quality", "reason"]
    pd.testing.assert_frame_equal(again[columns], judged[columns])
