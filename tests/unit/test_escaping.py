"""Names that people and classes may have: nothing in them acts on a terminal, in Markdown or in a page."""

import json
from dataclasses import asdict

import pytest
from markdown_it import MarkdownIt

from assay.comparison import comparison_page, gate
from assay.contract import escaping
from assay.contract.errors import InputError, run
from assay.contract.remarks import Remark, Remarks
from assay.inspection import page
from assay.release import model_card

HOSTILE = [
    "\x1b]0;title\x07",
    "\x1b[2J\x1b[31mred",
    "\x9b31m",
    "a\rb\nc\td",
    "\n# heading",
    "\u202egnp.exe",
    "a\u2028b\u2029c",
    "\ufeffa\u200bb",
    "\udcff",
    "# heading",
    "- item",
    "[link](https://example.com)",
    "![image](https://example.com/x.png)",
    "https://example.com",
    "www.example.com",
    "anna@example.com",
    "@team",
    "#1",
    "<script>alert(1)</script>",
    "<!-- ",
    "&lt;b&gt;",
    "`",
    "``",
    "a`b``c",
    "` `",
    "a|b",
    "|",
    "\\",
    "a\\",
    "*a* _b_ ~~c~~",
    " a ",
    "",
    " ",
    "</code>",
    "{info[modality]}",
]
PLAIN = ["", "anna", "Ä é 猫 قط", "a`b", "👩‍🔬", "می‌خواهم", "\xa0", "\\", "a b"]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_harmless_stays(text: str) -> None:
    assert escaping.printable(text) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_terminal_is_told_in_one_line(name: str, capsys: pytest.CaptureFixture) -> None:
    def main() -> None:
        remarks = Remarks()
        remarks.add("cut", 1, f"of {name}", name, name)
        remarks.say(name)
        raise InputError(f"{name} is wrong")

    with pytest.raises(SystemExit, match="1"):
        run(main)
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert said.replace("\n", "").isprintable()


def inline(page: str) -> list:
    """The parts of the text of a page, and that there is nothing but lists, tables and paragraphs."""
    parts = []
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        assert token.type != "html_block"
        if token.type == "heading_open":
            parts.append(token)
        parts += token.children or []
    return parts


def result(name: str) -> dict:
    counts = {"a": 1, "b": 2, "added": 1, "removed": 0}
    labels = counts | {"relabelled": 1, "relabelled_by": {f"by {name}": 1}}
    labels["swaps"] = [[name, "other", 1]]
    judged = {"a": 0.8, "b": 0.9, "change": 0.1, "low": 0.0, "high": 0.2, "verdict": "better"}
    data = {
        "parameters": {f"train.{name}": [name, [name]]},
        "batches": [[name], [name, f"{name}2"]],
        "other_batches": [[name, f"{name}2", 1]],
        "counts": [{}, {}],
        "examples": counts | {"moved": {}},
        "labels": labels,
        "test_labels": labels,
        "people": {name: counts},
        "classes": {name: [1, 2]},
    }
    model = {"test_examples": 9, "answers_changed": 1, "chance_in_training": None, "estimated": {}}
    model["metrics"] = {"accuracy": judged | {"needed": 1, "scored": 9}}
    model["why"] = {"all": judged | {"examples": 1}}
    gate = {"fail_if": ["macro_f1:0.01"], "fails": True, "reasons": ["macro_f1 is worse"]}
    versions = {"a": name, "b": f"{name}2", "missing": [name], "absent": {name: [name]}}
    return {**versions, "data": data, "model": model, "gate": gate}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_comparison_shows_names_and_obeys_none(name: str) -> None:
    page = comparison_page.terminal(result(name))
    assert page.replace("\n", "").isprintable()
    plain = comparison_page.terminal(result("name"))
    if len(name) < 20:  # longer ones are wrapped
        assert page.count("\n") == plain.count("\n")

    page = comparison_page.markdown(result(name))
    parts = inline(page)
    assert [part.type for part in parts].count("heading_open") == 1
    assert {part.type for part in parts} <= {
        *("heading_open", "text", "code_inline", "softbreak", "hardbreak"),
        *("strong_open", "strong_close"),
    }
    text = "".join(part.content for part in parts if part.type == "text")
    assert [mark for mark in ("@", "#", "<", "|", "http", "www", "script") if mark in text] == []
    shown = [part.content for part in parts if part.type == "code_inline"]
    assert shown.count(escaping.printable(name)) >= 8 or not name.strip()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    tables = MarkdownIt("commonmark").enable("table").parse(page)
    assert len(rows) == sum(token.type == "tr_open" for token in tables) + 2  # two rulers
    assert sum(token.type == "td_open" for token in tables) == 5 * 1 + 4 * 2

    values = json.loads(comparison_page.as_json(result(name)))
    assert values["data"]["classes"] == {name: [1, 2]}
    assert comparison_page.as_json(result(name)).replace("\n", "").isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_the_recall_of_a_class_is_shown_and_obeyed_nowhere(name: str) -> None:
    plain = result("name")
    judged = plain["model"]["metrics"]["accuracy"] | {"verdict": "worse", "metric": "accuracy"}
    plain["model"]["recall"] = {name: judged}
    plain["gate"] = gate.judge(plain, ["worse-class"])
    assert plain["gate"]["reasons"] == [f"recall of {name} is worse"]
    page = comparison_page.terminal(plain)
    assert page.replace("\n", "").isprintable()
    assert "FAILS --fail-if worse-class: recall of" in page
    parts = inline(comparison_page.markdown(plain))
    text = "".join(part.content for part in parts if part.type == "text")
    assert [mark for mark in ("@", "#", "<", "|", "http", "www", "script") if mark in text] == []


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("40", 40), ("300", 110), ("", 110)])
def test_lines_fit_the_terminal(columns: str, widest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    compared = result("name")
    compared["data"]["classes"] = {f"name {n}": [1, 2] for n in range(40)}
    lines = comparison_page.terminal(compared).split("\n\n")[1].splitlines()
    assert widest - 20 < max(map(len, lines)) <= widest
    compared["data"]["people"] = {"n" * 50: compared["data"]["test_labels"]}
    assert "1 → 2: 1 added\n" in comparison_page.terminal(compared)  # no column of letters


def test_what_was_relabelled_is_below_the_labels_that_it_is_about() -> None:
    page = comparison_page.markdown(result("name"))
    tokens = MarkdownIt("commonmark").parse(page)
    items = [
        (token.level, token.content.partition(":")[0]) for token in tokens if token.type == "inline"
    ]
    outer = next(level for level, text in items if text == "labels")
    relabelled = [items[number - 1] for number, item in enumerate(items) if item[1] == "relabelled"]
    assert relabelled == [(outer, "labels"), (outer, "test labels")]
    assert {level for level, text in items if text == "relabelled"} == {outer + 2}


def test_what_is_added_is_called_labels() -> None:
    compared = result("name")
    judged = compared["model"]["why"]["all"]
    compared["model"]["why"] = {"additions": judged, "removals": judged, "relabels": judged}
    rows = [line.split("1 ")[0].strip() for line in comparison_page.terminal(compared).splitlines()]
    assert {"labels added", "labels taken out", "labels changed"} <= set(rows)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_model_card_shows_classes_and_obeys_none(name: str) -> None:
    info = {"modality": "image", "shape": [8, 8, 1], "classes": ["cat", name], "labels": "0"}
    info["unlike"] = {"held_out": 50, "split": "validation"}
    numbers = dict.fromkeys(("accuracy", "macro_f1", "log_loss", "calibration_error"), 0.5)
    numbers |= {f"{key}_{end}": 0.5 for key in numbers for end in ("low", "high")}
    metrics = {
        "clean": dict.fromkeys(("examples", "labelled", "relabel", "drop", "review"), 1),
        "train": {"train_examples": 1, "validation_examples": 1, "temperature": 1.0, "epoch": 1},
        "evaluate": numbers | {"test_examples": 1, "test_truth_share": 1.0},
    }
    metrics["train"]["start"] = "scratch"
    encoder = {"elsewhere": True, "method": name}
    sources = ["consensus", "human", "pseudo", "corrected"]
    by_class = [{"label": "cat", "recall": "0.5000", "test_examples": "2"}]
    tables = {"by_class": by_class, "left_out": (0, 0)}
    card = model_card.write(info, encoder, ["b"], metrics, sources, **tables)
    assert "examples: 1, of them labelled by people, without those left out: 3" in card
    plain = info | {"classes": ["cat", "dog"]}
    like = model_card.write(plain, encoder, ["b"], metrics, [], **tables)
    assert "2 classes: cat, dog." in like
    kinds, kinds_like = ([part.type for part in inline(page)] for page in (card, like))
    assert set(kinds) == set(kinds_like)
    assert kinds.count("heading_open") == kinds_like.count("heading_open")
    assert kinds.count("code_inline") == kinds_like.count("code_inline") + 1
    shown = [part.content for part in inline(card) if part.type == "code_inline"]
    assert escaping.printable(name) in shown or not name.strip()


def test_inspect_cuts_long_names_in_the_middle() -> None:
    left, right = (f"{'very ' * 50_000}good{end}" for end in ("_left", "_right"))
    counts = {left: 2, right: 1}
    facts = {
        "folder": "data/raw/b",
        "layout": "a table",
        "examples": 3,
        "decoded": 3,
        "modality": "text",
        "labels_by_class": counts,
        "labels_by_person": counts,
        "unlabelled": 0,
        "splits": counts,
        "slices": [left, right],
        "remarks": [asdict(Remark("doubtful", 1, "class has one label only", right))],
        "lacking": [],
        "error": "it cannot be read",
        "edits": {},
        "group": None,
    }
    shown = page.page(facts, written=False)
    assert len(shown) < 1500
    assert shown.count("_left") == shown.count("good_left 2") + 1 == 4
    assert shown.count("good_right 1") == 3
