"""What the stages decide, on data small enough to be checked by eye."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from assay.annotation import answers
from assay.cleaning import annotator_tables, annotators, quality
from assay.contract import parameters
from assay.contract.errors import InputError
from assay.evaluation import known_labels
from assay.training import starting_point
from stages import annotate, clean, digits, evaluate, queue


def test_decisions():
    found = pd.DataFrame(
        {
            "quality": [0.9, 0.2, 0.2, 0.05, 0.2, 0.4],
            "is_issue": [False, True, True, True, True, True],
        }
    )
    found["disputed"] = [False] * 5 + [True]
    found["confidence"] = [0.9, 0.8, 0.5, 0.5, 0.8, 0.5]
    limits = parameters.Clean.model_construct(relabel_above=0.8, drop_below=0.1)
    decided = quality.decide(found, np.array([False] * 4 + [True, False]), limits)
    assert decided.tolist() == ["keep", "relabel", "review", "drop", "review", "relabel"]


def test_no_label_is_replaced_above_1():
    found = pd.DataFrame({"quality": [0.0, 0.4], "is_issue": True, "disputed": [False, True]})
    found["confidence"] = np.float32([1, 0.6])
    limits = parameters.Clean.model_construct(relabel_above=1.0, drop_below=0.0)
    assert quality.decide(found, np.zeros(2, bool), limits).tolist() == ["review", "review"]


def test_doubt_needs_both_voices():
    given = np.repeat([0, 1], 50)
    pred_probs = np.where(given[:, None] == [0, 1], 0.9, 0.1)
    pred_probs[:3] = [0.05, 0.95]
    found = quality.doubt(given, pred_probs, pred_probs, pred_probs < 0)
    assert np.flatnonzero(found.is_issue).tolist() == [0, 1, 2]
    trusting = np.where(given[:, None] == [0, 1], 1.0, 0.0)
    assert not quality.doubt(given, pred_probs, trusting, pred_probs < 0).is_issue.any()
    voted = np.zeros((100, 2), bool)
    voted[50:55, 0] = True  # somebody said 0, and what is known of people says that too
    believed = np.where(voted, [0.6, 0.4], np.where(given[:, None] == [0, 1], 0.9, 0.1))
    believed[50:55] = [0.6, 0.4]
    assert np.flatnonzero(quality.doubt(given, pred_probs, believed, voted).disputed).tolist() == [
        50,
        51,
        52,
        53,
        54,
    ]
    assert (
        len(quality.doubt(given[:0], pred_probs[:0], pred_probs[:0], pred_probs[:0] < 0).quality)
        == 0
    )


def test_every_vote_counts():
    named = pd.DataFrame(
        {"example": [7, 7, 7, 2], "annotator": list("abca"), "label": ["cat", "dog", "cat", "dog"]}
    )
    votes, people, classes = clean.encode(named, 8)
    assert (people, classes) == (list("abc"), ["cat", "dog"])
    assert annotators.consensus(votes).probabilities.argmax(axis=1)[[2, 7]].tolist() == [1, 0]


def test_people_table_says_what_is_taken_for_what():
    named = pd.DataFrame(
        {"example": [0, 0, 0, 1, 1, 1], "annotator": list("abcabc"), "label": list("xxyyyy")}
    )
    votes, people, classes = clean.encode(named, 2)
    table = annotator_tables.table(votes, annotators.consensus(votes), people, classes)
    assert table["confuses"].tolist() == ["", "", "x as y (1)"]
    assert table["labels"].tolist() == [2, 2, 2]


def test_people_override_cleaning():
    examples = pd.DataFrame({"id": ["a", "b", "c"]})
    cleaned = pd.DataFrame(
        {"label": ["x", "y"], "confidence": ["0.5", "0.6"], "source": "consensus"}, ["a", "b"]
    )
    answered = pd.DataFrame(
        {"example": [1, 2, 2, 2], "annotator": list("pqrs"), "label": ["x", "x", "y", "y"]}
    )
    labels = annotate.override(cleaned, answered, examples)
    assert labels["label"].to_dict() == {"a": "x", "b": "x", "c": "y"}
    assert labels["source"].to_dict() == {"a": "consensus", "b": "human", "c": "human"}
    assert answers.standing(pd.DataFrame({"example": 0, "label": ["y", "x"]}))["label"].item() == ""


def test_answers_that_tie_do_not_count(capsys):
    rows = [(0, "x"), (0, "y"), (0, "z"), (1, "x"), (1, "y"), (1, "x"), (2, "z"), (3, ""), (3, "x")]
    rows += [(4, ""), (4, "x"), (4, ""), (4, "y"), (4, ""), (5, "y"), (5, ""), (5, "x")]
    answered = pd.DataFrame(rows, columns=["example", "label"])
    answered["note"] = np.where(answered["label"] == "", "not usable", "")
    answered = answered.assign(annotator="anna", place="a.csv row 2")
    assert answers.not_usable(answered).index.to_list() == [4]
    assert answers.tied(answered)["example"].to_list() == [0, 0, 0, 5, 5]
    left = annotate.without_ties(answered, answers.tied(answered))
    assert set(left["example"]) == {1, 2, 3, 4, 5}  # of 5 the note alone
    said = "2 examples asked again, since people's answers tie and do not count"
    places = "a.csv row 2 'x', a.csv row 2 'y', a.csv row 2 'z'"
    assert capsys.readouterr().err == f"assay: {said}: {places}\n"
    assert annotate.without_ties(answered[:0], answers.tied(answered[:0])).empty
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("splits", "told"),
    [
        (["train"] * 3 + ["validation", "test"], "3 labels to learn from, 1 to validate with, 1"),
        (["train", "test"], "1 label to learn from, 1"),
    ],
)
def test_labels_are_told_by_split_as_train_counts_them(splits, told, capsys):
    annotate.report(pd.DataFrame({"split": splits, "source": "human"}), 2, 0)
    printed = capsys.readouterr()
    assert printed.out.startswith(
        f"annotate: {told} to test with; of these, {len(splits)} labels from answers"
    )
    tables = "metrics/annotators.csv and metrics/agreement.csv"
    assert printed.err == f"assay: 2 answers of people taken; they do not change {tables}\n"


def test_the_accuracy_against_true_labels_is_told_by_its_name():
    metrics = {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "test_examples": 1}
    true = {"accuracy_true": 0.95654, "accuracy_true_low": 0.9, "accuracy_true_high": 1.0}
    told = evaluate.line(metrics | true)
    assert told == (
        "evaluate: accuracy 0.900 (0.800 to 0.950) on 1 test example; "
        "accuracy against true labels, estimated: 0.957 (0.900 to 1.000)"
    )


def test_queue_asks_first_where_the_label_in_use_is_least_sure():
    examples = pd.DataFrame(
        {
            "given": ["x", "x", "y", None, None],
            "suggested": ["x", "y", "x", None, None],
            "decision": ["keep", "relabel", "review", None, None],
            "quality": [0.95, 0.02, 0.3, np.nan, np.nan],
            "confidence_of_suggested": [0.95, 0.98, 0.6, np.nan, np.nan],
            "reason": ["", "r", "r", None, None],
            "label": [None, None, None, None, "y"],
            "weight": [None, None, None, None, "0.8"],
        }
    )
    pred_probs = np.array([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.5, 0.5], [0.99, 0.01]])
    asked = queue.to_learn_from(examples, pred_probs, ["x", "y"])
    assert asked.index.tolist() == [2, 3, 4, 0, 1]
    np.testing.assert_allclose(asked["gain"], [0.7, 0.5, 0.2, 0.05, 0.02], atol=1e-6)
    assert asked["suggested"].tolist() == ["x", "x", "y", "x", "y"]
    assert asked["why"].tolist()[3] == "kept; least sure of the remaining labels"


def test_the_queue_suggests_the_class_that_its_reason_speaks_of():
    """The prediction alone sees no person's label: it may say `z` of each of these labels."""
    names = np.array(["x", "y", "z"], dtype=object)
    given = np.array([0, 0, 1, 0])
    posterior = np.array([[0.998, 0.001, 0.001], [0.1, 0.85, 0.05], [0.5, 0.3, 0.2], [0.1, 0.9, 0]])
    voted = np.eye(3, dtype=bool)[given]
    voted[3, 1] = True
    pred_probs = np.tile([0.2, 0.1, 0.7], (6, 1))
    doubts = quality.doubt(given, pred_probs[:4], posterior, voted)
    doubts["is_issue"] = [False, True, True, True]
    limits = parameters.Clean.model_construct(relabel_above=0.8, drop_below=0.1)
    decision = quality.decide(doubts, np.zeros(4, bool), limits)
    judged = clean.explain(doubts.assign(given=given, decision=decision), list(names))
    assert judged["decision"].tolist() == ["keep", "relabel", "review", "relabel"]
    none = pd.DataFrame(None, [4, 5], judged.columns, dtype=object)
    examples = pd.concat([judged.astype(object), none])
    examples = examples.rename(columns={"confidence": "confidence_of_suggested"})
    examples = examples.assign(label=[None] * 5 + ["y"], weight=[None] * 5 + ["0.8"])
    asked = queue.to_learn_from(examples, pred_probs, list(names)).sort_index()
    issues = judged[judged["decision"] != "keep"]  # as in issues.csv
    assert asked["suggested"].tolist() == ["x", *issues["suggested"], "z", "y"]
    assert asked["why"].tolist()[1:4] == issues["reason"].tolist()
    for row in asked.loc[issues.index].itertuples():
        assert f"the other examples say {row.suggested} (" in row.why
        assert f"rather than {row.given} (" in row.why
    assert asked["why"][0] == "kept; least sure of the remaining labels"
    assert asked["why"][4] == "no label; it may be z or x"


def test_a_misspelt_column_of_the_queue_is_an_error_also_without_questions(monkeypatch):
    columns = ["id", "batch", "key", "split", "given", "suggested", "gain", "why"]
    questions = pd.DataFrame([["1", "b", "k", "train", "x", "y", 0.5, "r"]], columns=columns)
    monkeypatch.setattr(queue.payloads, "lines", lambda rows: ["text"] * len(rows))
    written = queue.as_written(questions)
    assert list(written) == queue._COLUMNS
    assert written["example"].tolist() == ["text"]
    assert list(queue.as_written(questions[:0])) == queue._COLUMNS
    monkeypatch.setattr(queue, "_COLUMNS", ["id", "sugested"])
    for asked in (questions, questions[:0]):
        with pytest.raises(KeyError, match="sugested"):
            queue.as_written(asked)


def test_labels_of_the_test_split_are_checked_in_their_order():
    texts = {"given": ["x", "y", None], "suggested": ["x", "x", None], "reason": ["", "r", None]}
    numbers = {"quality": ["0.9", "0.2", None], "check_order": ["2", "1", None]}
    pred_probs = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    test = pd.DataFrame({"id": ["c", "b", "a"]} | texts | numbers)
    asked = queue.to_check(test, pred_probs, ["x", "y"])
    assert asked.index.tolist() == [1, 2, 0]
    assert asked["given"].tolist() == ["y", "", "x"]
    assert asked["suggested"].tolist() == ["x", "y", "x"]
    assert asked["why"].tolist() == [
        "r",
        "no label",
        "a check of the test labels, chosen by chance",
    ]
    np.testing.assert_allclose(asked["gain"], [0.8, 1, 0.1])


def test_test_examples_without_a_label_get_every_second_place_by_their_id():
    labelled = pd.DataFrame({"id": ["f", "e", "d", "c"], "given": "x", "suggested": "x"})
    labelled = labelled.assign(reason="", quality="0.9", check_order=["4", "10", "2", "1"])
    unlabelled = pd.DataFrame({"id": ["h", "b", "g"]})
    test = pd.concat([labelled, unlabelled], ignore_index=True)
    pred_probs = np.full((7, 2), 0.5)
    asked = queue.to_check(test, pred_probs, ["x", "y"])
    assert asked["id"].tolist() == ["c", "b", "d", "g", "f", "h", "e"]
    alone = queue.to_check(test[4:], pred_probs[4:], ["x", "y"])
    assert alone["id"].tolist() == ["b", "g", "h"]
    none = queue.to_check(test[:4], pred_probs[:4], ["x", "y"])
    assert none["id"].tolist() == ["c", "d", "f", "e"]
    assert queue.to_check(test[:0], pred_probs[:0], ["x", "y"]).empty


@pytest.mark.parametrize("tied", [[], [3, 1]])
def test_examples_whose_answers_tie_are_asked_first(tied):
    ranked = pd.DataFrame({"gain": [0.9, 0.5, 0.1], "why": "r"}, [2, 1, 3])
    pred_probs = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1], [0.2, 0.8]])
    asked = queue.tied_first(ranked, np.array(tied, int), pred_probs)
    assert asked.index.tolist() == ([1, 3, 2] if tied else [2, 1, 3])
    np.testing.assert_allclose(asked["gain"], [0.4, 0.2, 0.9] if tied else [0.9, 0.5, 0.1])
    assert asked["why"].tolist() == ([answers.TIE] * 2 + ["r"] if tied else ["r"] * 3)


def test_classes_and_people_of_batches_that_may_be_one_are_told(capsys):
    batch_of = pd.Series(["b1", "b1", "b2", "b2"])
    rows = [(0, "anna", "Cat"), (1, "anna", "Dog"), (2, "Anna", "cat"), (3, "bela", "Dog")]
    named = pd.DataFrame(rows, columns=["example", "annotator", "label"])
    clean.say_look_alikes(named, batch_of)
    what = "of different batches that differ by spelling alone may be one"
    assert capsys.readouterr().err.splitlines() == [
        f"assay: 1 group of classes {what}: 'Cat' and 'cat': give them one name if so",
        f"assay: 1 group of people {what}: 'Anna' and 'anna': give them one name if so",
    ]
    clean.say_look_alikes(named.assign(label=["0", "1", "no", "yes"], annotator="a"), batch_of)
    what = "the classes of batch b2 are none of those of the batches before"
    remedy = "give them one name if they are the same"
    (said,) = capsys.readouterr().err.splitlines()
    assert said == f"assay: {what}: 'no', 'yes' here, '0', '1' there: {remedy}"
    within_one = pd.Series(["b1", "b1", "b1", "b1"])  # collect has told it already
    clean.say_look_alikes(named, within_one)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("pseudo", "others", "is_said"),
    [("aaaaaaaa", "abab", True), ("aaaa", "abab", False), ("aaaaaaab", "abab", False),
     ("a" * 90, "a" * 99 + "b", False), ("", "ab", False)],
)  # fmt: skip
def test_pseudo_labels_of_one_class_are_told(pseudo, others, is_said, capsys):
    annotate.say_if_one_class(pd.Series(list(pseudo)), pd.Series(list(others)))
    said = "assay: all 8 pseudo-labels are of the class 'a', but 50% of the other labels: "
    assert capsys.readouterr().err.startswith(said) == is_said
    assert is_said or not capsys.readouterr().err


def test_pseudo_labels_only_where_certain():
    unlabelled = pd.DataFrame({"id": ["a", "b"]})
    labels = annotate.pseudo_labels(
        unlabelled, np.array([[0.99, 0.01], [0.6, 0.4]]), ["x", "y"], above=0.95
    )
    assert labels["label"].to_dict() == {"a": "x"}


def test_simulated_people_err_as_often_as_they_should():
    people = {"p": digits.parameters.Annotator(labels=0.5, accuracy=0.8)}
    truth = np.arange(4000) % 10
    answers_ = digits.simulate(truth, people, np.random.default_rng(0))
    assert len(answers_) == pytest.approx(2000, rel=0.1)
    assert np.mean([truth[row] == label for row, _, label in answers_]) == pytest.approx(
        0.8, abs=0.03
    )


def test_a_test_side_of_one_class_is_judged_by_the_posterior_alone():
    posterior = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert quality.doubt(
        np.array([0, 0]), posterior, posterior, posterior < 0
    ).is_issue.tolist() == [False, True]


@pytest.mark.parametrize(
    ("elsewhere", "given", "expected"),
    [
        (False, {"start": "encoder"}, "ngrams has no weights: use auto"),
        (False, {"start": "auto", "soft_labels": True}, "use start: scratch"),
        (True, {"start": "auto", "soft_labels": True}, "use start: encoder, or scratch"),
        (True, {"start": "auto", "lora": 8}, "use start: encoder"),
        (False, {"start": "auto", "lora": 8}, "use lora: 0, or set pretrain.encoder"),
        (False, {"start": "scratch", "lora": 8}, "use lora: 0, or set pretrain.encoder"),
        (True, {"start": "encoder", "network": "large"}, "use start: scratch"),
        (False, {"start": "auto", "mirror": True}, "only an image has a mirror image: use false"),
        (False, {"start": "auto", "network": "large"}, "frozen trains no network: use small"),
        (False, {"start": "scratch", "network": "large"}, "for images and sounds: use small"),
    ],
)
def test_training_that_cannot_be_as_told(elsewhere, given, expected):
    told = parameters.Train.model_construct(
        **{"lora": 0, "soft_labels": False, "network": "small", "mirror": False} | given
    )
    encoder = {"start": "frozen", "method": "ngrams", "elsewhere": elsewhere, "modality": "text"}
    with pytest.raises(InputError, match=expected):
        starting_point.choose(told, encoder)


@pytest.mark.parametrize("modality", ["audio", "table"])
def test_only_images_are_mirrored(modality):
    told = parameters.Train.model_construct(
        start="auto", lora=0, soft_labels=False, network="small", mirror=True
    )
    encoder = {"start": "scratch", "method": "auto", "elsewhere": False, "modality": modality}
    with pytest.raises(InputError, match="only an image has a mirror image: use false"):
        starting_point.choose(told, encoder)
    assert starting_point.choose(told, encoder | {"modality": "image"}) == "scratch"


def test_patience_without_validation_labels_is_told(capsys):
    told = parameters.Train.model_construct(patience=5)
    starting_point.say_no_validation(told, "scratch", 3)
    starting_point.say_no_validation(told, "frozen", 0)  # `say_unused` says it
    starting_point.say_no_validation(parameters.Train.model_construct(patience=0), "scratch", 0)
    assert capsys.readouterr().err == ""
    starting_point.say_no_validation(told, "scratch", 0)
    reason = "no example of the split validation has a label, so this has no effect"
    assert capsys.readouterr().err == f"assay: params.yaml: train: {reason}: patience: 5\n"


def test_values_without_effect_are_told(capsys):
    shipped = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["train"]
    assert shipped.items() >= starting_point.OF_NETWORKS.items()
    for start in ("frozen", "scratch"):
        told = parameters.Train.model_validate(shipped)
        starting_point.say_unused(told, start, {"modality": "table"})
    assert capsys.readouterr().err == ""
    told = parameters.Train.model_validate(shipped | {"shift": 3, "patience": 5})
    starting_point.say_unused(told, "frozen", {"modality": "image"})
    starting_point.say_unused(told, "scratch", {"modality": "table"})
    starting_point.say_unused(told, "scratch", {"modality": "image"})
    starting_point.say_unused(told, "encoder", {"modality": "image", "elsewhere": True})
    begin = "assay: params.yaml: train:"
    assert capsys.readouterr().err.splitlines() == [
        f"{begin} start: frozen trains no network, so this has no effect: shift: 3, patience: 5",
        f"{begin} only images are moved, so this has no effect: shift: 3",
        f"{begin} for an encoder from elsewhere no image is moved, so this has no effect: shift: 3",
    ]


def test_an_encoder_from_elsewhere_learns_on_if_told():
    told = parameters.Train.model_construct(
        start="encoder", lora=8, soft_labels=True, network="small", mirror=False
    )
    assert (
        starting_point.choose(told, {"start": "frozen", "method": "a", "elsewhere": True})
        == "encoder"
    )


def test_examples_that_are_left_out_do_not_wait_for_a_label():
    examples = pd.DataFrame(
        {
            "id": ["labelled", "leak", "blurred", "waiting", "tested"],
            "split": ["train", "train", "train", "validation", "test"],
            "usable": [True, True, False, True, True],
        }
    )
    assert known_labels.without_label(examples, ["labelled", "leak"]) == 1


def test_it_is_said_that_nothing_is_predicted(capsys: pytest.CaptureFixture) -> None:
    counts = clean.say_if_nothing_is_predicted(np.tile(np.float32([0.6, 0.4]), (9, 1)))
    assert counts == {"no_classifier_predicts": 1}
    assert "no classifier predicts labels better than the frequencies" in capsys.readouterr().err
    assert clean.say_if_nothing_is_predicted(np.float32([[0.6, 0.4], [0.5, 0.5]])) == {}
    assert not capsys.readouterr().err
