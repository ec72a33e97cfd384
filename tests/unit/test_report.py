"""The report: what its sentences say in which situation, that nothing in a name acts, and that it stays short."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assay.contract import csv_files, paths
from assay.contract.sections import Beyond, Report
from assay.reporting import answer, inputs, page, parts
from assay.reporting.words import Words
from tests.support import report_inputs

LANGUAGES = Report.model_fields["language"].annotation.__args__
HOSTILE = (
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "</style><img src=x onerror=alert(1)>",
    "a" * 10_000,
    "\u202egnp.exe",
    "{{ 7 * 7 }}",
    "{n} %s",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(language: str = "en") -> str:
    return page.page(inputs.read(), language, 0.95)


class Tags(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(content)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_languages_say_the_same_things() -> None:
    english, *others = [Words(language).texts for language in LANGUAGES]
    for texts in others:
        assert set(texts) == {key for key in english if not key.endswith(".one")} | (
            set(texts) & set(english)
        )
        for key, text in texts.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key


def test_every_kind_of_finding_is_explained() -> None:
    for kind in Beyond.model_fields:
        assert {f"kind.{kind}", f"kind.{kind}.say"} <= set(Words("en").texts)


@pytest.mark.parametrize(
    ("scores", "limit"),
    [
        ({}, "Nothing that this page checks"),
        ({"accuracy_low": 0.8}, "1,000 test examples are too few"),
        ({"labelled": 50}, "37.5\u00a0% of the examples have no label (30)"),
        ({"alpha": 0.3}, "alpha 0.30"),
        ({"test_truth_share": 0.5}, "50.0\u00a0% of the test examples have no known answer"),
    ],
)
def test_the_three_sentences(scores: dict, limit: str) -> None:
    report_inputs.write(**scores)
    accuracy, labels, limits = answer.sentences(inputs.read(), "95", Words("en"))
    assert accuracy.startswith("The model is right on 90.0\u00a0% of 1,000 test examples (95")
    assert "about 10.0\u00a0% are wrong by estimate; replaced: 0" in labels
    assert limit in limits


def test_a_worse_slice_and_a_rare_class_are_named() -> None:
    report_inputs.write(classes=["cat"] * 4 + ["cow"] * 4 + ["<b>"])
    header = csv_files.read_csv(paths.SLICE_METRICS).column_names
    row = ("site", "A&B", "30", "0.5", "0.4", "0.6", "0.001", "True")
    csv_files.write_csv(paths.SLICE_METRICS, header, [row])
    read, words = inputs.read(), Words("en")
    assert "<bdi>site</bdi> = <bdi>A&amp;B</bdi>" in answer.sentences(read, "95", words)[2]
    tasks = dict(answer.to_do(read, words))
    assert "python -m assay inspect data/raw/NEW" in tasks.values()
    assert any("<bdi>&lt;b&gt;</bdi>" in task for task in tasks)
    assert "dvc exp run -S clean.beyond.outlier=drop" in tasks.values()
    assert not any("drift" in command for command in tasks.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_acts(language: str) -> None:
    report_inputs.write(classes=HOSTILE, people=HOSTILE, text=HOSTILE[3])
    content = written(language)
    read = Tags(content)
    assert not read.tags & {"script", "iframe", "object", "form", "base"}
    links = [value for name, value in read.attributes if name in ("href", "src")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    for name in (*HOSTILE[:4], HOSTILE[6], HOSTILE[7], r"\u202egnp.exe", HOSTILE[4][:59] + "…"):
        assert name in read.text, name
    assert "http:" not in content
    assert "https:" not in content
    assert max(map(len, re.findall("a+", content))) < 60


def test_much_is_cut_and_counted() -> None:
    names = [f"class {number}" for number in range(1000)]
    report_inputs.write(names, [f"person {number}" for number in range(200)], ["b"])
    content = written()
    assert len(content) < 150_000
    assert "and 970 more" in content  # classes
    assert "and 185 more" in content  # people
    assert content == written()


def test_levers_and_the_forecast_are_shown() -> None:
    report_inputs.write(accuracy_true=0.95)
    content = written()
    assert "+3.0 points" in content
    assert Words("en")("levers.unknown") in content
    assert (
        "If the errors in the test labels are taken into account, the accuracy is 95.0" in content
    )
    assert "no gain shown; 800 of them with a label" in content
    assert "one example has no label" in content
    assert "一小时可找到其中的 60 个" in written("zh")
    curve = parts.learning_curve(inputs.read())
    assert curve["measured"] == [(40, 0.8), (80, 0.9)]
    assert curve["band"][-1] == (160, 0.8, 1)


def test_wrong_labels_found_are_drawn_where_the_truth_is_known() -> None:
    report_inputs.write()
    assert 'id="label-errors-title"' in written()
    csv_files.write_csv(paths.LABEL_ERRORS, ["recall", "precision"], [])
    assert 'id="label-errors-title"' not in written()
