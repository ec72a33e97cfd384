"""`compare --fail-if`: it fails where it must, and where it cannot judge; nowhere else."""

import argparse
import json

import numpy as np
import pytest

from assay import __main__ as program
from assay.comparison import compare, comparison_page, gate
from assay.contract.errors import InputError, run


def judged(change: float, verdict: str = "no difference shown") -> dict:
    return {"change": change, "verdict": verdict}


def result(**metrics: dict) -> dict:
    return {"data": {"examples": {"moved": {}}}, "model": {"metrics": metrics}}


WORSE, BETTER, SAME = judged(-0.02, "worse"), judged(0.02, "better"), judged(0.0)
UNJUDGED = judged(0.4, "cannot be judged")


@pytest.mark.parametrize(
    ("condition", "metrics", "reasons"),
    [
        ("worse", {"accuracy": SAME, "log_loss": SAME}, []),
        ("worse", {"accuracy": BETTER}, []),
        ("worse", {"accuracy": judged(-0.3)}, []),  # it may be chance
        ("worse", {"accuracy": BETTER, "log_loss": WORSE}, ["log_loss is worse"]),
        ("not-better", {"accuracy": SAME, "log_loss": BETTER}, []),
        ("not-better", {"accuracy": SAME}, ["no metric is better"]),
        ("not-better", {"accuracy": BETTER, "log_loss": WORSE}, ["log_loss is worse"]),
        ("accuracy", {"accuracy": SAME}, []),
        ("accuracy", {"accuracy": judged(-1e-4)}, ["accuracy is worse by 0.0001, where 0 is"]),
        ("accuracy:0.1", {"accuracy": judged(0.8 - 0.9)}, []),
        ("accuracy:0.1", {"accuracy": judged(0.5)}, []),
        ("accuracy:.1", {"accuracy": judged(-0.11)}, ["accuracy is worse by 0.1100, where 0.1 is"]),
        ("log_loss:0.1", {"log_loss": judged(-0.5)}, []),
        ("log_loss:0.1", {"log_loss": judged(0.5)}, ["log_loss is worse by 0.5000"]),
        ("calibration_error", {"calibration_error": judged(0.5)}, ["calibration_error is worse"]),
        ("macro_f1:1", {"accuracy": SAME}, ["macro_f1 cannot be judged"]),
        ("worse", {"accuracy": SAME, "log_loss": UNJUDGED}, ["log_loss cannot be judged"]),
        ("not-better", {"accuracy": UNJUDGED}, ["accuracy cannot be judged"]),
        ("accuracy:1", {"accuracy": judged(np.nan)}, ["accuracy is worse by nan"]),
        *((condition, {}, ["nothing can be judged"]) for condition in ("worse", "accuracy:1")),
    ],
)
def test_a_gate_fails_exactly_where_it_must(
    condition: str, metrics: dict, reasons: list[str]
) -> None:
    verdict = gate.judge(result(**metrics), [condition])
    assert (verdict["fail_if"], verdict["fails"]) == ([condition], bool(reasons))
    assert len(verdict["reasons"]) == len(reasons)
    for reason, start in zip(verdict["reasons"], reasons, strict=True):
        assert reason.startswith(start)


def test_a_gate_fails_if_any_condition_does() -> None:
    found = gate.judge(result(accuracy=WORSE), ["accuracy:0.5", "worse", "not-better"])
    assert (found["fails"], found["reasons"]) == (True, ["accuracy is worse"])


@pytest.mark.parametrize(
    ("condition", "reasons"),
    [
        ("worse", []),
        ("worse-class", ["recall of fraud_x is worse"]),
        ("recall of fraud_x:0.4", ["recall of fraud_x is worse by 0.5000, where 0.4 is tolerated"]),
        ("recall of fraud_x:0.5", []),
        ("recall of a:1", ["recall of a cannot be judged"]),
        ("recall of a:1:0.3", []),
        ("recall of no", []),
        ("recall of nobody", ["recall of nobody cannot be judged"]),
    ],
)
def test_a_gate_may_ask_about_classes(condition: str, reasons: list[str]) -> None:
    found = result(accuracy=SAME)
    found["model"]["recall"] = {"fraud_x": judged(-0.5, "worse"), "no": BETTER}
    found["model"]["recall"]["a:1"] = judged(-0.3, "cannot be judged")
    assert gate.judge(found, [condition])["reasons"] == reasons


def test_a_gate_fails_if_no_class_can_be_tested() -> None:
    found = result(accuracy=SAME)
    found["model"]["recall"] = {"fraud": UNJUDGED}
    reasons = ["no class has enough test examples"]
    assert gate.judge(found, ["worse-class"])["reasons"] == reasons


def test_a_metric_that_is_known_of_no_example_fails() -> None:
    partly = result(accuracy=BETTER)
    partly["model"]["unknown"] = ["log_loss"]
    reason = "log_loss cannot be judged, since it is known of no example"
    assert gate.judge(partly, ["worse"])["reasons"] == [reason]


@pytest.mark.parametrize(
    ("move", "fails"),
    [("test to train", True), ("validation to test", True), ("train to validation", False)],
)
def test_no_verdict_holds_where_examples_changed_sides(move: str, fails: bool) -> None:
    moved = result(accuracy=BETTER)
    moved["data"]["examples"]["moved"] = {move: 1}
    assert gate.judge(moved, ["worse"])["fails"] == fails


@pytest.mark.parametrize("condition", ["worse", "not-better", "accuracy:1"])
def test_no_verdict_holds_where_nobody_knows_what_moved(condition: str) -> None:
    unknown = result(accuracy=BETTER)
    unknown["data"] = {"examples_not_found": ["one", "two"]}
    reason = "examples were not found, so moves between splits are not known"
    assert gate.judge(unknown, [condition])["reasons"] == [reason]


@pytest.mark.parametrize(
    "condition", ["", "better", "accuracy:", "accuracy:-1", "accuracy:nan", "accuracy:x", "f1:1"]
)
def test_no_condition(condition: str) -> None:
    with pytest.raises(InputError, match=r"is none of worse, not-better, accuracy, .*:0\.01"):
        gate.metric_of(condition)


@pytest.fixture
def worse(monkeypatch: pytest.MonkeyPatch) -> dict:
    """What comparing any two versions gives."""
    numbers = {"a": 0.9, "b": 0.88, "low": -0.03, "high": -0.01, "needed": None, "scored": 9}
    found = result(accuracy=WORSE | numbers)
    found["data"] = {"parameters": {}, "counts": [{}, {}]}
    found["model"] |= {
        "test_examples": 9,
        "answers_changed": 0,
        "chance_in_training": {},
        "estimated": {},
    }
    found |= {"a": "one", "b": "two", "missing": [], "absent": {}}
    monkeypatch.setattr(compare, "compare", lambda *_, **__: dict(found))
    return found


def typed(*words: str) -> argparse.Namespace:
    return program.parser().parse_args(["compare", "one", "two", *words])


def test_exit_codes_and_what_each_form_says(worse: dict, capsys: pytest.CaptureFixture) -> None:
    for form, line in {
        "--markdown": "**FAILS --fail-if worse: accuracy is worse**",
        "--metric=accuracy": "FAILS --fail-if worse: accuracy is worse",
    }.items():
        with pytest.raises(SystemExit) as ended:
            program.compare(typed("--fail-if", "worse", form))
        assert ended.value.code == 2
        assert line in capsys.readouterr().out.splitlines()
    with pytest.raises(SystemExit):
        program.compare(typed("--fail-if", "worse", "--json"))
    found = {"fail_if": ["worse"], "fails": True, "reasons": ["accuracy is worse"]}
    assert json.loads(capsys.readouterr().out)["gate"] == found

    program.compare(typed("--fail-if", "accuracy:0.02"))
    assert "passes --fail-if accuracy:0.02" in capsys.readouterr().out.splitlines()
    program.compare(typed())
    assert capsys.readouterr().out == comparison_page.terminal(worse) + "\n"


def test_a_metric_that_is_named_twice_counts_once(
    worse: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(compare, "compare", lambda *_, **given: asked.append(given) or worse)
    program.compare(typed("--metric=log_loss", "--metric=accuracy", "--metric=log_loss"))
    assert asked[0]["metrics"] == ["log_loss", "accuracy"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fail-if", "macro_f1", "--metric", "accuracy"], "needs --metric macro_f1 too"),
        (["--fail-if", "\x1b[2J"], r"'\x1b[2J' is none of"),
        (["--fail-if"], "expected one argument; type `python -m assay compare --help`"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_what_is_typed_wrong_is_no_failed_gate(
    worse: dict, words: list[str], says: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(lambda: program.compare(typed(*words)))
    said = capsys.readouterr()
    assert (ended.value.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert says in said.err
