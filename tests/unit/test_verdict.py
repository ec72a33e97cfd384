"""The verdict against other ways to the same numbers, and against what it must not say."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from assay.comparison import changes, comparison_page, gate, training_variance, verdict
from assay.evaluation import scores
from assay.evaluation.scores import Predictions
from assay.measures import leave_one_out, multiple_testing

CONFIDENCE = 0.95


def drawn(seed: int, n: int = 400, classes: int = 4, sharpness: float = 2.0) -> Predictions:
    rng = np.random.default_rng(seed)
    answer = rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes)) + sharpness * (answer[:, None] == np.arange(classes))
    return Predictions.from_pred_probs(softmax(logits, axis=1), answer)


@pytest.mark.parametrize("metric", ["macro_f1", "log_loss"])
def test_contributions_spread_as_a_bootstrap_does(metric):
    predictions = drawn(0)
    low, high = scores.bootstrap(metric, predictions, resamples=500, confidence=CONFIDENCE)
    error = scores.METRICS[metric](predictions).std() / np.sqrt(len(predictions.answer))
    assert 2 * 1.96 * error == pytest.approx(high - low, rel=0.15)


def one(a: Predictions, b: Predictions, chance=None, metric: str = "accuracy") -> verdict.Verdict:
    return verdict.judge(a, b, chance or {}, metrics=[metric], confidence=CONFIDENCE)[0]


def right(n: int, wrong: int) -> Predictions:
    """The first `wrong` of n examples wrong."""
    answer = np.zeros(n, int)
    predicted = (np.arange(n) < wrong).astype(int)
    return Predictions(answer, predicted, np.full(n, 0.9), np.full(n, 0.1))


def test_better_worse_and_the_same():
    assert one(right(500, 30), right(500, 10)).verdict == "better"
    assert one(right(500, 10), right(500, 30)).verdict == "worse"
    same = one(right(500, 10), right(500, 10))
    assert (same.verdict, same.needed, same.low, same.high) == ("same predictions", None, 0, 0)


def said(*, answer: object, predicted: object, confidence: object, loss: object) -> Predictions:
    columns = [np.atleast_1d(column) for column in (answer, predicted, confidence, loss)]
    return Predictions(*columns)


def shown(verdicts: list[verdict.Verdict], **of_model: object) -> dict:
    """What `compare` returns."""
    model = {"metrics": {judged.metric: asdict(judged) for judged in verdicts}}
    model |= {"test_examples": verdicts[0].scored, "answers_changed": 0, "estimated": {}}
    model |= {"chance_in_training": {}, "confidence": CONFIDENCE} | of_model
    data = {"parameters": {}, "counts": [{}, {}]}
    return {"a": "one", "b": "two", "data": data, "model": model, "missing": [], "absent": {}}


def test_predictions_are_the_same_only_if_class_and_confidence_are():
    """Other wrong classes leave each example's scores as they were."""
    wrong = np.arange(40) < 20
    options = {"answer": np.zeros(40, int), "confidence": np.full(40, 0.9)}
    options["loss"] = np.where(wrong, 2.0, 0.1)
    a, b = (said(predicted=np.where(wrong, n, 0), **options) for n in (1, 2))
    verdicts = verdict.judge(a, b, {}, confidence=CONFIDENCE)
    assert {judged.verdict for judged in verdicts} == {"no difference"}
    page = comparison_page.terminal(shown(verdicts))
    assert page.splitlines()[0] == "one → two: no difference"
    assert "the same answers are right" in page
    assert "same predictions" not in page
    assert {judged.verdict for judged in verdict.judge(a, a, {}, confidence=CONFIDENCE)} == {
        "same predictions"
    }


@pytest.mark.parametrize("n", [1, 40])
@pytest.mark.parametrize("chance", [{}, {"log_loss": 0.02}])
def test_one_example_or_equal_differences_cannot_be_judged(n: int, chance: dict):
    answer = np.zeros(n, int)
    a = said(answer=answer, predicted=answer, confidence=np.full(n, 0.6), loss=np.full(n, 0.5108))
    b = said(answer=answer, predicted=answer, confidence=np.full(n, 0.95), loss=np.full(n, 0.0513))
    verdicts = verdict.judge(a, b, chance, confidence=CONFIDENCE)
    words = ["no difference", "no difference", "cannot be judged", "cannot be judged"]
    assert [judged.verdict for judged in verdicts] == words
    loss = verdicts[2]
    assert (loss.low, loss.high, loss.p_value, loss.scored) == (None, None, None, n)
    result = shown(verdicts)
    assert (
        json.loads(comparison_page.as_json(result))["model"]["metrics"]["log_loss"]["low"] is None
    )
    page = comparison_page.terminal(result)
    assert page.splitlines()[0] == "one → two: cannot be judged"
    assert ["log", "loss", "0.5108", "0.0513", "-0.4595", "cannot", "be", "judged"] in [
        line.split() for line in page.splitlines()
    ]
    assert "with one test example, or the same change in all, nothing can be judged" in page


@pytest.mark.parametrize("n", [2, 4, 10])
def test_few_test_examples_are_no_surer_than_many(n: int):
    rng = np.random.default_rng(n)
    answer, confidence = np.zeros(n, int), np.full(n, 0.9)
    judged = []
    for losses in rng.normal(size=(1000, 2, n)):
        pair = [said(answer=answer, predicted=answer, confidence=confidence, loss=losses[end])
                for end in (0, 1)]  # fmt: skip
        judged.append(one(*pair, metric="log_loss"))
    false = np.mean([each.verdict in ("better", "worse") for each in judged])
    assert 0.03 < false < 0.07
    assert all((each.low > 0 or each.high < 0) == (each.p_value < 0.05) for each in judged)


def test_the_level_of_intervals_and_what_is_scored_are_said():
    a, b = drawn(0), drawn(1)
    b = Predictions(a.answer, b.predicted, b.confidence, b.loss)
    a.loss[:10] = np.nan
    verdicts = verdict.judge(a, b, {}, confidence=0.8)
    assert [judged.scored for judged in verdicts] == [400, 400, 390, 400]
    estimated = {"accuracy_true": [[0.9, 0.8, 0.95], [0.9, 0.85, 0.93]]}
    result = shown(verdicts, confidence=0.8, answers_changed=10, estimated=estimated)
    page = comparison_page.terminal(result)
    assert page.count("the level of the intervals is 80 %") == 1
    assert "log loss is of 390 of the examples: what one loses by other answers is not" in page
    assert "estimated, each on its own test examples: 0.9000 (0.800 to 0.950) → 0.9000" in page


def test_a_metric_of_which_nothing_is_known_is_named():
    result = shown([one(right(9, 3), right(9, 1))], unknown=["log_loss"])
    unknown = "log loss is of 0 of the examples: what one loses by other answers is not known"
    assert unknown in comparison_page.terminal(result)
    result["model"]["metrics"] = {}
    page = comparison_page.terminal(result)
    assert page.splitlines()[0] == "one → two: no verdict: log loss of no example is known"
    reasons = gate.judge(result, ["worse"])["reasons"]
    assert reasons == ["nothing can be judged since log_loss of no example is known"]


def test_test_examples_of_one_version_alone_are_counted():
    verdicts = [one(right(64, 3), right(64, 1))]
    for counts, said in (
        ([[59, 123], [43, 107]], "not scored: 59 of 123 test examples of one, 43 of 107 of two"),
        ([[0, 64], [1000, 1064]], "not scored: 1,000 of 1,064 test examples of two"),
    ):
        result = shown(verdicts, not_scored=counts)
        assert f"  {said}" in comparison_page.terminal(result).splitlines()
        result["gate"] = gate.judge(result, ["worse"])
        assert comparison_page.terminal(result).splitlines()[1:3] == [
            "passes --fail-if worse",
            said,
        ]
        assert f"**{said}**" in comparison_page.markdown(result).splitlines()
    result = shown(verdicts, not_scored=[[0, 64], [0, 64]])
    assert "not scored" not in comparison_page.terminal(result)


def test_what_a_version_is_called_is_no_markdown():
    result = shown([one(right(64, 3), right(64, 1))], not_scored=[[1, 65], [0, 64]])
    result |= {"a": "*a*"}
    result["data"]["examples_not_found"] = ["*a*"]
    result["model"]["why_left_out"] = {"labels": 1, "other_encoder": True}
    page = comparison_page.markdown(result)
    assert page.count("*a*") == page.count("`*a*`") == 5
    left_out = "1 label of `*a*` is left out: two does not have this example"
    assert f"{left_out}, and its encoder is another" in page


def test_few_disagreements_are_judged_as_the_exact_test_does():
    """McNemar's exact test: 5 against 0 has a p-value of 0.0625, 6 against 0 of 0.031."""
    assert one(right(500, 5), right(500, 0)).verdict == "no difference shown"
    assert one(right(500, 6), right(500, 0)).verdict == "better"


def fraud(found: int, alarms: int, rare: int = 40) -> Predictions:
    """2 % of the answers are class 1: how many of them are found, and how many alarms are false."""
    answer = (np.arange(50 * rare) < rare).astype(int)
    predicted = np.where(answer, np.arange(len(answer)) < found, 0)
    predicted[rare : rare + alarms] = 1
    return said(answer=answer, predicted=predicted, confidence=np.full(len(answer), 0.9),
                loss=np.where(predicted == answer, 0.1, 2.3))  # fmt: skip


def recall(a: Predictions, b: Predictions, chance: dict | None = None) -> dict:
    return verdict.judge_recall(a, b, chance or {}, ["no", "fraud"], confidence=CONFIDENCE)


def test_a_rare_class_that_is_no_longer_found_is_named():
    a, b = fraud(found=32, alarms=24), fraud(found=12, alarms=4)
    verdicts = verdict.judge(a, b, {"accuracy": 0.01, "macro_f1": 0.01}, confidence=CONFIDENCE)
    assert (verdicts[0].change, verdicts[0].verdict) == (0, "no difference shown")
    result = shown(verdicts, recall=recall(a, b))
    lost = result["model"]["recall"]["fraud"]
    assert (lost["a"], lost["b"], lost["scored"]) == (0.8, 0.3, 40)
    assert (lost["verdict"], result["model"]["recall"]["no"]["verdict"]) == ("worse", "better")
    page = comparison_page.terminal(result).splitlines()
    assert page[0].endswith("better in recall of no; worse in recall of fraud")
    row = next(line.split() for line in page if line.startswith("  recall of fraud"))
    assert (row[3:6], row[-1]) == (["0.8000", "0.3000", "-0.5000"], "worse")
    assert any("of 2 classes, 2 changed; verdicts are adjusted" in line for line in page)


def test_a_class_that_keeps_its_recall_is_not_shown():
    a, b = fraud(found=32, alarms=24), fraud(found=30, alarms=22)
    result = shown([one(a, b)], recall=recall(a, b))
    assert {judged["verdict"] for judged in result["model"]["recall"].values()} == {
        "no difference shown"
    }
    assert "recall" not in comparison_page.terminal(result)


def test_the_recall_of_a_few_examples_cannot_be_judged():
    few = recall(fraud(found=9, alarms=0, rare=9), fraud(found=0, alarms=0, rare=9))["fraud"]
    assert (few["change"], few["verdict"], few["p_value"]) == (-1, "cannot be judged", None)


def test_the_interval_of_a_recall_has_no_impossible_change():
    some, every = (fraud(found=found, alarms=0, rare=12) for found in (0, 12))
    lost, gained = recall(every, some)["fraud"], recall(some, every)["fraud"]
    assert (lost["verdict"], lost["change"], lost["low"]) == ("worse", -1, -1)
    assert (gained["verdict"], gained["change"], gained["high"]) == ("better", 1, 1)
    assert lost["high"] == -gained["low"] < -0.5
    page = comparison_page.terminal(shown([one(every, some)], recall={"fraud": lost}))
    assert "-1.0000 (-1.000 to " in page


@pytest.mark.parametrize("name", ["accuracy", "recall of 1"])
def test_chance_in_training_widens_the_interval_of_a_class(name):
    a, b = fraud(found=32, alarms=24), fraud(found=12, alarms=4)
    assert recall(a, b, {name: 0.2})["fraud"]["verdict"] == "no difference shown"


def test_refits_that_move_a_class_together_say_so():
    found = [fraud(found=n, alarms=10) for n in (40, 0, 40, 0)]
    common = verdict.chance(zip(found[:2], found[2:], strict=True))
    assert common["recall of 1"] == 0  # the same in both versions
    common = verdict.chance(zip(found, found[::-1], strict=True))
    assert common["recall of 1"] > 0.9 > common["accuracy"] > 0
    assert common["recall of 0"] == 0


def test_the_loss_is_better_when_it_falls():
    a = drawn(0, sharpness=1.0)
    b = drawn(0, sharpness=3.0)
    assert one(a, b, metric="log_loss").verdict == "better"
    assert one(b, a, metric="log_loss").verdict == "worse"


def test_what_moves_together_makes_a_difference_harder_to_show():
    a, b = right(500, 30), right(500, 10)
    alone, together = one(a, b), one(a, b, {"accuracy": 0.02})
    assert together.high - together.low == pytest.approx(
        (alone.high - alone.low) * np.sqrt(1 + 500 * 0.02)
    )
    assert together.verdict == "no difference shown"


def test_needed_examples_would_do():
    found = one(right(200, 30), right(200, 28))
    scaled = found.needed / 200
    assert found.verdict == "no difference shown"
    error = (found.high - found.low) / 2 / 1.96 / np.sqrt(scaled)
    assert 0.01 / error == pytest.approx(1.96 + 0.84, rel=0.05)
    assert one(right(200, 30), right(200, 28), {"accuracy": 0.1}).needed is None


def test_several_metrics_are_held_to_more():
    a, b = right(500, 8), right(500, 1)
    family = verdict.judge(
        a, b, {}, metrics=["accuracy", "macro_f1", "log_loss"], confidence=CONFIDENCE
    )
    assert one(a, b).p_value < family[0].p_value <= 3 * one(a, b).p_value
    assert family[2].verdict == "no difference"


def test_a_metric_is_not_shown_where_a_clearer_one_is_not():
    """As Holm's procedure has it: it stops at the first p value that is not small enough."""
    assert multiple_testing.adjusted(np.array([0.014, 0.013, 0.5, 0.9])).tolist() == pytest.approx(
        [0.052, 0.052, 1, 1]
    )


def test_an_unknown_loss_is_left_out():
    a = drawn(0)
    b = drawn(1)
    b = Predictions(a.answer, b.predicted, b.confidence, b.loss)
    a.loss[:10] = np.nan
    found = one(a, b, metric="log_loss")
    assert found.b == pytest.approx(b.loss[10:].mean())


def learned(rng: np.random.Generator, n: int) -> training_variance.Learned:
    labels = rng.integers(3, size=n)
    features = rng.normal(size=(n, 12)) + 0.7 * np.eye(3, 12)[labels]
    return training_variance.Learned(
        features, np.where(rng.random(n) < 0.2, rng.integers(3, size=n), labels), n
    )


def test_refits_tell_what_other_draws_do():
    """From two data sets alone, the chance that heads on sixty pairs of them show, or up to three times as much.

    Three times where the mean head is the best there is, as here: each draw then loses what it lies beside it.
    """
    rng = np.random.default_rng(0)
    test = learned(rng, 1000)
    real = []
    for _ in range(60):
        heads = [
            leave_one_out.solve([each.features], each.labels, 3, 0.1)
            for each in (learned(rng, 200), learned(rng, 200))
        ]
        logits = [5 * (test.features @ coef + intercept) for coef, intercept in heads]
        real.append(
            [Predictions.from_pred_probs(softmax(each, axis=1), test.labels) for each in logits]
        )
    truth = verdict.chance(real)["accuracy"]
    a, b = learned(rng, 200), learned(rng, 200)
    found = training_variance.chance(
        a, b, [test.features] * 2, training_variance.RidgeHead(test.labels, 3, 0.1), validation=50
    )
    assert truth > 0.0003
    assert 0.7 * truth < found["accuracy"] < 4 * truth


def test_shares_are_what_plain_fits_say():
    rng = np.random.default_rng(0)
    every, test = learned(rng, 300), learned(rng, 100)
    before, after = every.labels.copy(), every.labels.copy()
    before[:60], after[60:80] = -1, -1
    after[100:150] = (after[100:150] + 1) % 3
    head = training_variance.RidgeHead(test.labels, 3, 0.1)
    found = training_variance.shares(every.features, before, after, test.features, head)
    assert {name: n for name, (n, _) in found.items()} == {
        "nothing": 0, "additions": 60, "removals": 20, "relabels": 50, "all": 130,
    }  # fmt: skip
    for name, labels in {"nothing": before, "all": after}.items():
        coef, intercept = leave_one_out.solve(
            [every.features[labels >= 0]], labels[labels >= 0], 3, 0.1
        )
        predicted = (test.features @ coef + intercept).argmax(axis=1)
        assert (found[name][1].predicted == predicted).all()


def test_a_wide_table_is_compared_in_the_span_of_its_rows():
    rng = np.random.default_rng(0)
    rows, test, answers = (
        rng.normal(size=(20, 50)),
        rng.normal(size=(30, 50)),
        rng.integers(3, size=20),
    )
    narrow, narrow_test, share = training_variance.in_their_span(rows, test)
    assert narrow.shape[1] < 20
    centred, onehot = rows - rows.mean(axis=0), np.eye(3)[answers]
    gram = centred.T @ centred
    strength = 0.1 * np.trace(gram) / 50  # of the penalty 0.1
    coef = np.linalg.solve(gram + strength * np.eye(50), centred.T @ onehot)
    predicted = (test - rows.mean(axis=0)) @ coef + onehot.mean(axis=0)
    coef, intercept = leave_one_out.solve([narrow], answers, 3, 0.1 * share)
    assert np.allclose(narrow_test @ coef + intercept, predicted)
    same, same_test, share = training_variance.in_their_span(test[:, :10], rows[:, :10])
    assert (same.shape, same_test.shape, share) == ((30, 10), (20, 10), 1)


def labels(**named: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(named, orient="index", columns=["label", "source"])


def test_who_relabelled_what():
    a = labels(
        i=("x", "consensus"), j=("x", "consensus"), k=("y", "consensus"), m=("y", "consensus")
    )
    b = labels(i=("y", "human"), j=("z", "corrected"), k=("y", "human"), n=("x", "consensus"))
    answers = pd.DataFrame(
        {"name": ["b/one", "k"], "annotator": ["anna", "bela"], "label": ["y", "y"]}
    )
    examples = pd.DataFrame({"key": list("1234"), "batch": "b", "split": "train"}, list("ijkn"))
    examples.loc["i", "key"] = "one"
    found = changes.labels(a, b, answers, examples)
    assert (found["added"], found["removed"], found["relabelled"]) == (1, 1, 2)
    assert found["relabelled_by"] == {"corrected": 1, "by anna": 1}
    assert changes.labels(a, b, None, examples)["relabelled_by"] == {"corrected": 1, "human": 1}
    numbered = examples.assign(key=None)  # as `Version.examples` has row numbers
    found = changes.labels(a, b, answers.replace("b/one", "i"), numbered)
    assert found["relabelled_by"] == {"corrected": 1, "by anna": 1}


def test_people_are_credited_if_their_last_answer_is_the_new_label():
    a = labels(i=("x", "consensus"), j=("x", "consensus"))
    b = labels(i=("y", "human"), j=("y", "human"))
    rows = [("i", "anna", "x"), ("i", "bela", "x"), ("i", "bela", "y"), ("j", "anna", "y"),
            ("j", "anna", "z"), ("i", "cleo", "y")]  # fmt: skip
    answers = pd.DataFrame(rows, columns=["name", "annotator", "label"])
    found = changes.labels(a, b, answers, None)["relabelled_by"]
    assert found == {"human": 1, "by bela": 1, "by cleo": 1}


@pytest.mark.parametrize(
    ("name", "label", "source"),
    [
        (f" {10:032X} ", "y", "by anna"),  # as `annotate` takes it
        (" b/one", "y", "by anna"),
        ("copy-of-one", "y", "human"),  # only `annotate` knows the keys of copies
        ("one", "", "human"),  # a note
    ],
)
def test_an_answer_is_found_by_its_name_as_annotate_finds_it(name, label, source):
    id_ = f"{10:032x}"
    a, b = labels(**{id_: ("x", "consensus")}), labels(**{id_: ("y", "human")})
    answers = pd.DataFrame({"name": [name], "annotator": ["anna"], "label": [label]})
    examples = pd.DataFrame({"key": ["one"], "batch": "b", "split": "train"}, [id_])
    assert changes.labels(a, b, answers, examples)["relabelled_by"] == {source: 1}


def test_answers_are_counted_as_rows():
    """Of which annotate may take fewer: some are repeated, others wait for their batch."""
    data = {"answers": [0, 7], "counts": [{}, {}], "parameters": {}}
    result = {"a": "a", "b": "b", "data": data, "model": {"recorded": {}}}
    page = comparison_page.terminal(result | {"missing": [], "absent": {}})
    assert "answers  0 → 7 rows with a label in data/annotations" in page


def test_people_beyond_the_first_are_counted():
    people = {f"person {number}": {"a": 1, "b": 2, "added": 1} for number in range(5)}
    data = {"people": people, "counts": [{}, {}], "parameters": {}}
    result = {"a": "a", "b": "b", "data": data, "model": {"recorded": {}}}
    page = comparison_page.terminal(result | {"missing": [], "absent": {}})
    assert page.count("by person") == 3
    assert "people       and 2 more, which --json lists" in page
    data["people"] = dict(list(people.items())[:3])
    assert "more" not in comparison_page.terminal(result | {"missing": [], "absent": {}})


@pytest.mark.parametrize("name", ["recorded", "estimated"])
def test_levels_that_differ_are_said_beside_recorded_intervals(name):
    both = {"accuracy_true": [[0.9, 0.8, 0.95], [0.9, 0.85, 0.93]]}
    model = {"recorded": both}
    if name == "estimated":
        model = {"metrics": {}, "estimated": both, "test_examples": 9}
        model |= {"chance_in_training": {}, "answers_changed": 0}
    data = {"counts": [{}, {}], "parameters": {}}
    result = {"a": "a", "b": "b", "data": data, "model": model, "missing": [], "absent": {}}
    assert "level" not in comparison_page.terminal(result)
    for levels, said in (([0.95, 0.8], "95 % in a, 80 % in b"), ([None, 0.8], "unknown in a")):
        page = comparison_page.terminal(result | {"model": model | {"levels": levels}})
        assert f"the recorded intervals have different levels: {said}" in page


def test_an_example_that_changes_sides_is_loud():
    examples = pd.DataFrame({"split": ["train", "test"]}, ["i", "j"])
    found = changes.examples(examples, examples.assign(split="train"))
    assert found["moved"] == {"test to train": 1}
    page = {"a": "a", "b": "b", "data": {"examples": found}, "model": {}}
    assert comparison_page.headline(page) == "EXAMPLES CHANGED SIDES, so no verdict holds"
    better = asdict(one(right(500, 30), right(500, 10)))
    withheld = verdict.withheld({"accuracy": better})["accuracy"]
    assert (withheld["verdict"], withheld["low"], withheld["p_value"]) == (
        "cannot be judged", None, None,
    )  # fmt: skip
    assert withheld["change"] == better["change"]


def test_moves_between_training_and_validation_are_a_change_and_no_more():
    examples = pd.DataFrame({"split": ["train", "validation", "test"]}, list("ijk"))
    moved = examples.assign(split=["validation", "validation", "test"])
    result = shown([one(right(500, 30), right(500, 10))])
    result["data"]["examples"] = changes.examples(examples, moved)
    assert not changes.is_unfair(result["data"])
    page = comparison_page.terminal(result)
    assert page.splitlines()[0] == "one → two: better in accuracy"
    assert "1 from train to validation; none into or out of test" in page


def test_examples_that_came_with_another_batch_and_the_order_of_batches():
    a = pd.DataFrame({"batch": list("bbc")}, list("ijk"))
    b = pd.DataFrame({"batch": list("cbdd")}, list("ijkl"))
    assert changes.other_batches(a, b) == [["b", "c", 1], ["c", "d", 1]]
    assert changes.other_batches(a, a) == []
    result = shown([one(right(500, 30), right(500, 10))])
    result["data"] |= {"batches": [["b", "c"], ["d", "c", "b"]]}
    result["data"] |= {
        "examples": changes.examples(*(frame.assign(split="test") for frame in (a, b)))
    }
    result["data"] |= {"other_batches": [["b", "*c*", 1]]}
    page = comparison_page.terminal(result)
    assert "2 → 3, + d, in another order: d, c, b" in page
    assert "other batch  1 from b to *c*" in page
    assert "1 from b to `*c*`" in comparison_page.markdown(result)


def test_examples_that_got_another_id_are_counted():
    """As where a column was added to a batch: the test split is drawn anew for its examples."""
    columns = {"batch": ["b"] * 4, "key": list("0123"), "split": ["train", "train", "test", "test"]}
    a = pd.DataFrame(columns, list("ijkl"))
    b = a.assign(split=["train", "test", "train", "test"]).set_axis(list("iJKL"))
    assert changes.other_ids(a, b) == {"examples": 3, "moved": 2}
    numbered = [frame.assign(key=None) for frame in (a, b)]  # as `Version.examples` has row numbers
    assert changes.other_ids(*numbered) == {"examples": 0, "moved": 0}
    shifted = a[:3].set_axis(list("jkl"))  # row numbers, after the first row was removed
    assert changes.other_ids(a, shifted) == {"examples": 0, "moved": 0}
    data = {"examples": changes.examples(a, b), "other_ids": changes.other_ids(a, b)}
    data |= {"counts": [{}, {}], "parameters": {}}
    result = {"a": "a", "b": "b", "data": data, "model": {"recorded": {}}}
    result |= {"missing": [], "absent": {}}
    said = "3 examples with the same batch and key but another id; 2 of them moved between splits"
    assert said in comparison_page.markdown(result)
    assert said in " ".join(comparison_page.terminal(result).split())


def headline(*verdicts: str) -> str:
    named = zip(("accuracy", "log_loss"), verdicts, strict=True)
    metrics = {name: {"verdict": word} for name, word in named}
    return comparison_page.headline({"data": {}, "model": {"metrics": metrics}})


def test_predictions_are_called_the_same_only_if_all_metrics_say_so():
    """The answers may be the same, and the confidence in them another."""
    assert headline("same predictions", "same predictions") == "same predictions"
    assert headline("same predictions", "no difference shown") == "no difference shown"
    assert headline("same predictions", "worse") == "worse in log loss"


def test_what_was_not_found_is_no_change():
    data = {"parameters": {}, "counts": [{}, {"examples": 3}]}
    missing = {"missing": [], "absent": {"a": ["data/batches.json"]}}
    page = comparison_page.terminal(
        {"a": "a", "b": "b", "data": data, "model": {"recorded": {}}} | missing
    )
    assert page.splitlines()[0] == "a → b: no verdict without the predictions of both"
    assert page.splitlines()[-1] == "  not found in a, so not compared: data/batches.json"
    assert page.count("→") == 1


def test_each_metric_has_a_direction():
    assert set(scores.LARGER_IS_BETTER) == set(scores.METRICS)
    assert set(verdict.COUNTED) <= set(scores.METRICS)


@pytest.mark.parametrize("larger_is_better", [True, False])
def test_a_score_that_counts_no_errors_is_judged_by_its_direction(monkeypatch, larger_is_better):
    sign = 1 if larger_is_better else -1
    monkeypatch.setitem(scores.METRICS, "new", lambda version: sign * np.exp(-version.loss))
    monkeypatch.setitem(scores.LARGER_IS_BETTER, "new", larger_is_better)
    dull, sharp = drawn(0), drawn(0, sharpness=4.0)
    up, down = one(dull, sharp, metric="new"), one(sharp, dull, metric="new")
    assert (up.verdict, down.verdict) == ("better", "worse")
    model = {"metrics": {"new": asdict(down)}}
    result = {"data": {"examples": {"moved": {}}}, "model": model}
    monkeypatch.setattr(gate, "_METRIC", "(new)(:.+)?")
    assert gate.judge(result, ["new"])["fails"]
