"""`compare --fail-if`: it fails where it must, and where it cannot judge; nowhere else."""

import argparse
import json

import numpy as np
import pytest

from assay import __main__ as program
from assay.comparison import compare, comparison_page, gate
from assay.contract.errors import InputError, run


def judged(change: float, verdict: str = "no difference shown") -> dict:
    return {"change": change, "verdict": verdict, "scored": 50}


def result(**metrics: dict) -> dict:
    return {"data": {"examples": {"moved": {}}}, "model": {"metrics": metrics}}


WORSE, BETTER, SAME = judged(-0.02, "worse"), judged(0.02, "better"), judged(0.0)
UNJUDGED = judged(0.4, "cannot be judged")
LIKE_A_TOLERANCE = "recall of recall of 1:0.5"  # the class "recall of 1:0.5"
NO_EXAMPLE = "cannot be judged: no test example of both has the class"
CLASSES = "classes: fraud_x, no, a, a:1, recall of 1:0.5, b"


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
        ("recall of a:1", ["recall of a:1 is worse by 0.3000, where 0 is tolerated"]),
        ("recall of a:1:0.2", ["recall of a:1 is worse by 0.3000, where 0.2 is tolerated"]),
        ("recall of a:1:0.3", []),
        ("recall of a:1.0", []),
        (LIKE_A_TOLERANCE, [f"{LIKE_A_TOLERANCE} is worse by 0.2000, where 0 is tolerated"]),
        ("recall of no", []),
        ("recall of b:1", [f"recall of b:1 {NO_EXAMPLE} 'b:1'; {CLASSES}"]),
        ("recall of nobody", [f"recall of nobody {NO_EXAMPLE} 'nobody'; {CLASSES}"]),
        ("recall of NO:0.1", [f"recall of NO {NO_EXAMPLE} 'NO'; {CLASSES}"]),
        ("recall of no:1e-2", [f"recall of no:1e-2 {NO_EXAMPLE} 'no:1e-2'; {CLASSES}"]),
    ],
)
def test_a_gate_may_ask_about_classes(condition: str, reasons: list[str]) -> None:
    found = result(accuracy=SAME)
    found["model"]["recall"] = {"fraud_x": judged(-0.5, "worse"), "no": BETTER}
    found["model"]["recall"] |= {"a": BETTER, "a:1": judged(-0.3, "cannot be judged")}
    found["model"]["recall"] |= {"recall of 1:0.5": judged(-0.2), "b": BETTER}
    found["data"]["classes"] = {"b:1": [7, 7]}  # without a test example
    assert gate.judge(found, [condition])["reasons"] == reasons


def test_a_gate_fails_if_no_class_can_be_tested() -> None:
    found = result(accuracy=SAME)
    found["model"]["recall"] = {"fraud": UNJUDGED}
    reasons = ["no class has enough test examples"]
    assert gate.judge(found, ["worse-class"])["reasons"] == reasons


def test_a_gate_on_classes_names_those_that_are_not_tested(worse: dict) -> None:
    few = UNJUDGED | {"scored": 9}
    worse["model"]["recall"] = {"b_f1": few, "fraud": SAME, "ok": SAME | {"scored": 10}}
    worse["data"]["classes"] = {"fraud": [7, 7], "new": [0, 7]}
    worse["gate"] = gate.judge(worse, ["worse-class"])
    assert worse["gate"]["not_tested"] == {"b_f1": 9, "new": 0}
    untested = "; not tested, fewer than 10 test examples: b_f1 (9), new (0)"
    assert comparison_page.terminal(worse).splitlines()[1].endswith(untested)
    assert "10 test examples: `b_f1` (9), new (0)**" in comparison_page.markdown(worse)

    worse["gate"] = gate.judge(worse, ["worse"])
    assert "not tested" not in comparison_page.terminal(worse)
    worse["model"]["recall"] = {f"class {n}": few for n in range(13)}
    worse["gate"] = gate.judge(worse, ["worse", "worse-class"])
    line = comparison_page.terminal(worse).splitlines()[1]
    assert line.endswith("class 8 (9), class 9 (9) and 5 more")


def test_a_gate_says_nothing_of_untested_classes_if_all_are_tested(worse: dict) -> None:
    worse["model"]["recall"] = {"fraud": SAME, "ok": SAME}
    worse["gate"] = gate.judge(worse, ["worse-class"])
    assert comparison_page.terminal(worse).splitlines()[1] == "passes --fail-if worse-class"


def test_many_classes_are_cut_where_a_class_is_unknown() -> None:
    found = result(accuracy=SAME)
    found["model"]["recall"] = {f"class {n}": SAME for n in range(13)}
    (reason,) = gate.judge(found, ["recall of class_f1"])["reasons"]
    assert reason.endswith("the class 'class_f1'; classes: " + ", ".join(
        f"class {n}" for n in range(10)) + " and 3 more")  # fmt: skip


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
