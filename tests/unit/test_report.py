"""The report: what its sentences say in which situation, that nothing in a name acts, and that it stays short."""

import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest
from markupsafe import Markup

from assay import __main__ as program
from assay.catalogue import spreadsheets
from assay.contract import csv_files, files, parquet_files, paths
from assay.contract.errors import InputError
from assay.contract.sections import Beyond, Report
from assay.evaluation import scores
from assay.modalities import audio
from assay.release import model_card
from assay.reporting import answer, inputs, page, parts, pictures, since
from assay.reporting.words import SCORES, Words, brief, renamed, signed
from stages import evaluate, report
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
        ({"head_accuracy_uncleaned": 0.923}, "cleaning lowered the accuracy"),
        ({"head_accuracy_uncleaned": 0.923, "test_examples": 44}, "Nothing that"),  # one example
        ({"head_accuracy_uncleaned": 0.93, "test_examples": 200}, "cleaning lowered the accuracy"),
        ({"labelled": 50}, "37.5\u00a0% of the examples have no label in use (30)"),
        ({"alpha": 0.3}, "alpha 0.30"),
        ({"test_truth_share": 0.5}, "50.0\u00a0% of the test examples have no known answer"),
    ],
)
def test_the_three_sentences(scores: dict, limit: str) -> None:
    report_inputs.write(**scores)
    accuracy, labels, limits = answer.sentences(inputs.read(), "95", Words("en"))
    n = f"{scores.get('test_examples', 1000):,}"
    assert accuracy.startswith(f"The model is right on 90.0\u00a0% of {n} test examples (95")
    became = "0 were replaced, 0 left out; 20 wait for a person."
    assert f"about 10.0\u00a0% are wrong by estimate; {became}" in labels
    assert limit in limits


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rare_class_that_is_hardly_found_is_beside_the_accuracy(language: str) -> None:
    report_inputs.write(["fraud", "ok", "new"], accuracy=0.98, accuracy_true=0.97)
    header = csv_files.read_csv(paths.CLASS_METRICS).column_names
    rows = [("fraud", 1, 0.0833, 0.2, 12, 5), ("ok", 0.98, 1, 0.99, 588, 0), ("new", 0, 0, 0, 0, 0)]
    csv_files.write_csv(paths.CLASS_METRICS, header, rows)
    words = Words(language)
    first = answer.sentences(inputs.read(), "95", words)[0]
    lowest = words("answer.lowest", label=Markup("<bdi>fraud</bdi>"), n=12, found=1)
    said = [words("answer.baseline", share=0.98), lowest, words("slice.doubted", n=5)]
    assert Markup(" ").join(said) in first
    if language == "en":
        assert first.startswith("The model is right on 98.0")
        assert "<bdi>fraud</bdi> least often: 1 of 12 test examples. Of its labels, 5 are" in first
        assert first.index("least often") < first.index("true labels, estimated, is 97.0")


def test_no_class_is_found_least_often_if_all_are_found_equally_often() -> None:
    report_inputs.write(["fraud", "ok"], accuracy=1)
    header = csv_files.read_csv(paths.CLASS_METRICS).column_names
    csv_files.write_csv(
        paths.CLASS_METRICS, header, [("fraud", 1, 1, 1, 12, 5), ("ok", 1, 1, 1, 588, 0)]
    )
    assert "least often" not in answer.sentences(inputs.read(), "95", Words("en"))[0]


@pytest.mark.parametrize(
    ("language", "others"),
    [
        ("en", "Other findings left out 2 examples: leaks."),
        ("zh", "因其他发现去除了 2 个样本：泄漏。"),
    ],
)
def test_doubted_labels_are_counted_alike_and_leaks_apart(language: str, others: str) -> None:
    """A doubted label, 0, and a good one, 1, are leaks; a person answered the label 4."""
    report_inputs.write()
    leaks = {"b-00000", "b-00001"}
    judged = parquet_files.read_parquet(paths.QUALITY).to_pylist()
    rows = [row | ({"decision": "drop"} if row["id"] in leaks else {}) for row in judged]
    parquet_files.write_parquet(paths.QUALITY, pa.Table.from_pylist(rows))
    issues = csv_files.read_csv(paths.ISSUES)
    leak = {"batch": "b", "kind": "leak", "decision": "drop", "split": "train"}
    listed = [*issues.to_pylist(), *(leak | {"id": id_} for id_ in sorted(leaks))]
    cells = [[row.get(name, "") for name in issues.column_names] for row in listed]
    csv_files.write_csv(paths.ISSUES, issues.column_names, cells)
    header = ["id", "label", "source"]
    csv_files.write_csv(paths.TEST_LABELS, header, [("b-00004", "dog", "human")])
    read = inputs.read()
    assert read.doubted.total() == read.decided.total() == 20
    assert read.decided == {"review": 19, "finding": 1}
    assert (read.to_review, read.reviewed, read.left_out) == (18, 1, {"leak": 2})
    assert len(parts.quality(read, ())["worst"].rows) + parts.quality(read, ())["worst"].more == 20
    labels = answer.sentences(read, "95", Words(language))[1]
    assert labels.endswith(others)
    if language == "en":
        assert "0 were replaced, 0 left out; 18 wait for a person. People checked one" in labels
        assert "One more doubted label is of an example that other findings left out." in labels


@pytest.mark.parametrize(
    ("language", "outside", "of_test"),
    [
        (
            "en",
            "0 left out; 16 wait for a person. People checked one other already.",
            (
                "Of the labels that cleaning doubts in the test split, 2 wait for a person; "
                "people checked one."
            ),
        ),
        (
            "zh",
            "已去除 0 个；16 个待人工复核。 另有 1 个已经人工检查。",
            "在清洗怀疑的测试集标签中，2 个待人工复核，1 个已经人工检查。",
        ),
    ],
)
def test_doubted_labels_of_the_test_split_are_counted_apart(
    language: str, outside: str, of_test: str
) -> None:
    report_inputs.write()
    issues = csv_files.read_csv(paths.ISSUES)
    test = {"b-00004", "b-00008", "b-00012"}
    rows = [row | ({"split": "test"} if row["id"] in test else {}) for row in issues.to_pylist()]
    csv_files.write_csv(paths.ISSUES, issues.column_names, [list(row.values()) for row in rows])
    answered = [("b-00004", "dog", "human"), ("b-00016", "dog", "human")]
    csv_files.write_csv(paths.TEST_LABELS, ["id", "label", "source"], answered)
    read = inputs.read()
    assert (read.to_review, read.test_to_review) == (18, 2)
    assert (read.reviewed, read.test_reviewed) == (2, 1)
    labels = answer.sentences(read, "95", Words(language))[1]
    assert f"{outside} {of_test}" in labels
    csv_files.write_csv(paths.TEST_LABELS, ["id", "label", "source"], [])
    labels = answer.sentences(inputs.read(), "95", Words(language))[1]
    ending = {"en": "test split, 3 wait for a person.", "zh": "标签中，3 个待人工复核。"}
    assert labels.endswith(ending[language])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "one was replaced, 1 left out; 15 wait for a person. People checked 3 others already.",
        ),
        ("zh", "已替换 1 个，已去除 1 个；15 个待人工复核。 另有 3 个已经人工检查。"),
    ],
)
def test_labels_that_people_answered_are_neither_replaced_nor_left_out(
    language: str, said: str
) -> None:
    report_inputs.write()
    made = dict.fromkeys(["b-00000", "b-00004"], "relabel")
    made |= dict.fromkeys(["b-00008", "b-00012", "b-00016"], "drop")
    judged = parquet_files.read_parquet(paths.QUALITY).to_pylist()
    rows = [row | {"decision": made.get(row["id"], row["decision"])} for row in judged]
    parquet_files.write_parquet(paths.QUALITY, pa.Table.from_pylist(rows))
    answered = [("b-00004", "dog", "human"), ("b-00008", "cat", "human")]
    csv_files.write_csv(paths.TEST_LABELS, ["id", "label", "source"], answered)
    csv_files.write_csv(paths.UNUSABLE, ["id", "reason"], [("b-00012", "not usable, by anna")])
    read = inputs.read()
    assert (read.to_review, read.reviewed) == (15, 3)
    assert said in answer.sentences(read, "95", Words(language))[1]


def test_the_last_line_of_the_stage_says_what_waits() -> None:
    report_inputs.write()
    read = inputs.read()
    assert report.waiting(read) == "9 questions in the queue: python -m assay review"
    read.rows["queue"].clear()
    said = "no question in the queue, but 20 doubted labels to judge: python -m assay review"
    assert report.waiting(read) == said
    assert report.waiting(replace(read, to_review=0)) == "no question waits for a person"


def test_a_worse_slice_and_a_rare_class_are_named() -> None:
    report_inputs.write(classes=["cat"] * 4 + ["cow"] * 4 + ["<b>"])
    header = csv_files.read_csv(paths.SLICE_METRICS).column_names
    row = ("site", "A&B", "30", "0.5", "0.4", "0.6", "0.001", "True", "0")
    csv_files.write_csv(paths.SLICE_METRICS, header, [row])
    read, words = inputs.read(), Words("en")
    assert "<bdi>site</bdi> = <bdi>A&amp;B</bdi>" in answer.sentences(read, "95", words)[2]
    tasks = dict(answer.to_do(read, words))
    assert "python -m assay inspect data/raw/NEW" in tasks.values()
    assert any("<bdi>&lt;b&gt;</bdi>" in task for task in tasks)
    assert "dvc exp run -S clean.beyond.outlier=drop" in tasks.values()
    assert not any("drift" in command for command in tasks.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_doubted_labels_of_a_worse_slice_are_told(language: str) -> None:
    report_inputs.write()
    header = csv_files.read_csv(paths.SLICE_METRICS).column_names
    ends = ("30", "0.5", "0.4", "0.6", "0.001")
    rows = [("site", "A", *ends, "True", "4"), ("brightness", "low", *ends, "True", "6")]
    rows += [("batch", "c", *ends, "True", "0"), ("site", "B", *ends, "False", "9")]
    csv_files.write_csv(paths.SLICE_METRICS, header, rows)
    words = Words(language)
    assert words("slice.doubted", n=4) in answer.sentences(inputs.read(), "95", words)[2]
    content = written(language)
    assert f"{words('yes')}{words('end')} {words('slice.doubted', n=6)}</td>" in content
    assert content.count(str(words("slice.doubted", n=6))) == 1
    assert f"<td>{words('yes')}</td>" in content  # none is doubted
    assert f"<td>{words('no')}</td>" in content  # a slice that is not worse needs no excuse
    assert f"</bdi>{words('end')} {words('slice.doubted', n=7)}</td>" in content  # a region


@pytest.mark.parametrize(
    ("splits", "count"), [(["test"] * 4, ""), (["test", "train"], "2 findings")]
)
def test_nothing_is_to_be_dropped_where_only_test_examples_have_a_finding(
    splits: list[str], count: str
) -> None:
    report_inputs.write()
    header = csv_files.read_csv(paths.ISSUES).column_names
    row = {"id": "b-00001", "batch": "b", "key": "1", "kind": "blank", "decision": "review"}
    rows = [[{**row, "split": split}.get(name, "") for name in header] for split in splits]
    csv_files.write_csv(paths.ISSUES, header, rows)
    commands = {command: task for task, command in answer.to_do(inputs.read(), Words("en"))}
    assert ("dvc exp run -S clean.beyond.blank=drop" in commands) == bool(count)
    assert count in commands.get("dvc exp run -S clean.beyond.blank=drop", "")


def test_labels_of_the_validation_split_are_not_learned_from() -> None:
    report_inputs.write(classes=["cat", "dog"], batches=["b", "c"])
    for batch in ("b", "c"):
        path = paths.examples(batch)
        table = parquet_files.read_parquet(path)
        splits = pa.array(["train", "validation"] * (len(table) // 2))  # as cats and dogs
        place = table.column_names.index("split")
        parquet_files.write_parquet(path, table.set_column(place, "split", splits))
    columns = ["id", "label", "weight", "source"]
    labels = csv_files.read_csv(paths.ANNOTATED_LABELS, columns).to_pylist()
    weights = {"cat": 1, "dog": 0.5}
    rows = [(row["id"], row["label"], weights[row["label"]], row["source"]) for row in labels]
    csv_files.write_csv(paths.ANNOTATED_LABELS, columns, rows)
    read = inputs.read()
    assert (read.learned["cat"], read.learned["dog"]) == (40, 0)
    assert read.sources == {"consensus": 40}
    assert read.noise == 0
    limits = list(answer.limits(read, Words("en")))
    assert "no label of the class <bdi>dog</bdi> is learned from, but 3 test" in limits[0]
    release = files.read_json(paths.RELEASE_INFO)
    files.write_json(paths.RELEASE_INFO, release | {"learned_splits": ["train", "validation"]})
    read = inputs.read()
    assert (read.learned["cat"], read.learned["dog"], read.sources["consensus"]) == (40, 40, 80)
    assert "At last the model was fitted on both." in page.page(read, "en", 0.95)


def test_labels_are_wanted_where_the_queue_asks_for_one() -> None:
    report_inputs.write(labelled=70)
    commands = [task for task, _ in answer.to_do(inputs.read(), Words("en"))]
    assert not any("that have no label" in task for task in commands)
    header = csv_files.read_csv(paths.QUEUE).column_names
    csv_files.write_csv(paths.QUEUE, header, [["x", "b", "1", "", "cat"]])
    commands = [task for task, _ in answer.to_do(inputs.read(), Words("en"))]
    assert any("some of the 10 examples that have no label in use" in task for task in commands)


def test_what_findings_leave_out_does_not_wait_for_a_label() -> None:
    report_inputs.write(labelled=70)
    header = csv_files.read_csv(paths.ISSUES).column_names
    row = {"batch": "b", "key": "1", "kind": "leak", "decision": "drop", "split": "train"}
    rows = [
        [{**row, "id": id_}.get(name, "") for name in header]
        for id_ in ("b-00001", "without a label", "without a label")
    ]
    csv_files.write_csv(paths.ISSUES, header, rows)
    assert inputs.read().unlabelled == 9


def test_answered_examples_have_a_label_and_those_with_a_pseudo_label_have_none() -> None:
    """Of 80 examples people labelled 60. They answer two, of which one is of the test split."""
    report_inputs.write(labelled=60)
    before = inputs.read()
    assert before.unlabelled == 20
    assert any(
        "25.0\u00a0% of the examples" in limit for limit in answer.limits(before, Words("en"))
    )
    columns = ["id", "label", "weight", "source"]
    rows = csv_files.read_csv(paths.ANNOTATED_LABELS, columns).to_pylist()
    added = [("c-00020", "human"), *((f"c-000{number}", "pseudo") for number in range(25, 40))]
    rows += [{"id": id_, "label": "cat", "weight": "1", "source": source} for id_, source in added]
    csv_files.write_csv(paths.ANNOTATED_LABELS, columns, [list(row.values()) for row in rows])
    csv_files.write_csv(paths.TEST_LABELS, ["id", "label", "source"], [("c-00021", "dog", "human")])
    assert inputs.read().unlabelled == 18
    unusable = [("c-00022", "not usable, by anna"), ("c-00023", ""), ("c-00024", "")]
    csv_files.write_csv(paths.UNUSABLE, ["id", "reason"], unusable)
    after = inputs.read()
    assert after.unlabelled == 15
    assert not any("have no label" in limit for limit in answer.limits(after, Words("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_of_the_data_are_no_person(language: str) -> None:
    report_inputs.write(people=["given", "bela"])
    header = csv_files.read_csv(paths.AGREEMENT).column_names
    csv_files.write_csv(paths.AGREEMENT, header, [("bela", "given", 88, 25.24, "True")])
    header = ["annotator", "labels", "accuracy", "accuracy_low", "accuracy_high", "confuses"]
    csv_files.write_csv(paths.ANNOTATORS, header, [("given", 9, 0.5, 0.4, 0.6, "")])
    within = str(Words(language)("person.given.within"))
    text = Tags(written(language)).text
    assert text.count(within) == 2
    if language == "en":
        assert f"{within} is right on 50.0" in text
        assert f"bela and {within} gave the same wrong label to 88 examples" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_may_copy_and_who_may_guess_is_told(language: str) -> None:
    report_inputs.write(people=["a<b", "bela", "few", "good"])
    header = csv_files.read_csv(paths.AGREEMENT).column_names
    rows = [("a<b", "bela", 88, 25.24, "True"), ("good", "bela", 3, 3.1, "False")]
    csv_files.write_csv(paths.AGREEMENT, header, rows)
    ends = {"a<b": (0.4, 0.6), "bela": (0.51, 0.7), "few": (0.1, 0.9), "good": (0.9, 0.99)}
    header = ["annotator", "labels", "accuracy", "accuracy_low", "accuracy_high", "confuses"]
    rows = [(person, 9, sum(pair) / 2, *pair, "") for person, pair in ends.items()]
    csv_files.write_csv(paths.ANNOTATORS, header, rows)
    told = parts.annotation(inputs.read())
    assert [row["annotator"] for row in told["guesses"].rows] == ["a<b"]
    assert [row["second"] for row in told["copies"].rows] == ["bela"]
    text = Tags(written(language)).text
    if language == "en":
        both = "a<b and bela gave the same wrong label to 88 examples; from how often other pairs"
        assert f"{both} do so, 25.2 are expected." in text
        assert "a<b is right on 50.0\u00a0% (40.0\u00a0% to 60.0\u00a0%) by estimate." in text
    report_inputs.write()
    assert "may copy from" not in written()
    assert "no better than chance" not in written()


@pytest.mark.parametrize(
    ("language", "below", "nobody"),
    [
        (
            "en",
            "(no name) is right on 0.2\u00a0% (0.0\u00a0% to 0.5\u00a0%) by estimate",
            "(no name)",
        ),
        ("zh", "（无名） 的准确率估计为 0.2%（0.0% 到 0.5%）", "（无名）"),
    ],
)
def test_a_person_below_chance_does_not_guess_and_an_empty_name_is_told(
    language: str, below: str, nobody: str
) -> None:
    report_inputs.write(people=["", "even"])
    header = ["annotator", "labels", "accuracy", "accuracy_low", "accuracy_high", "confuses"]
    rows = [("", 400, 0.002, 0.0, 0.005, ""), ("even", 90, 0.45, 0.4, 0.5, "")]
    csv_files.write_csv(paths.ANNOTATORS, header, rows)
    told = parts.annotation(inputs.read())
    assert [row["annotator"] for row in told["swaps"].rows] == [""]
    assert [row["annotator"] for row in told["guesses"].rows] == ["even"]
    content = written(language)
    text = Tags(content).text
    assert below in text
    assert f'<th scope="row">{nobody}</th>' in content
    if language == "en":
        often = "less often than by chance, which is right on 50.0\u00a0% with 2 classes"
        assert f"{often}. Perhaps two classes are swapped." in text
    header = csv_files.read_csv(paths.AGREEMENT).column_names
    csv_files.write_csv(paths.AGREEMENT, header, [("", "even", 88, 25.24, "True")])
    assert Tags(written(language)).text.count(nobody) == 3


def shortened(name: str) -> str:
    """A name of more than 60 characters as the page shows it."""
    return f"{name[:39]}…{name[-20:]}"


def test_a_name_from_right_to_left_keeps_the_order_of_a_reason() -> None:
    report_inputs.write()
    issues = csv_files.read_csv(paths.ISSUES)
    reason = "the word <b> tells the label 'قطة منزلية', 88% better than a/كلب: is it?"
    row = dict.fromkeys(issues.column_names, "") | {"kind": "shortcut", "reason": reason}
    listed = [list((row | given).values()) for given in ({}, {"id": "b-00001", "batch": "b"})]
    for finding in listed:
        csv_files.write_csv(paths.ISSUES, issues.column_names, [finding])
        shown = written().replace("<wbr>", "")
        names = "<bdi>قطة منزلية</bdi>&#39;, 88% better than a/<bdi>كلب</bdi>: is it?"
        assert f"word &lt;b&gt; tells the label &#39;{names}" in shown


def test_headings_of_numbers_stand_where_their_numbers_do() -> None:
    report_inputs.write(accuracy_true=0.9)
    tables = re.findall(r"<table>.*?</table>", written(), re.DOTALL)
    assert len(tables) > 8
    for table in tables:
        heads, first = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[:2]
        cells = [re.findall(r"<t[hd][^>]*>", row) for row in (heads, first)]
        are_numbers = [['class="n' in cell for cell in row] for row in cells]
        is_matrix = "turned" in heads
        assert is_matrix or are_numbers[0] == are_numbers[1], heads


def test_long_names_that_differ_at_the_end_look_different() -> None:
    names = [f"{'very ' * 12}good{kind}" for kind in ("_left", "_right")]
    assert [brief(name) for name in names] == list(map(shortened, names))
    assert len(set(map(brief, names))) == 2
    assert brief("a" * 60) == "a" * 60
    assert brief("a" * 61 + "b", 60) == f"{'a' * 59}…"  # a sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_acts(language: str) -> None:
    report_inputs.write(classes=HOSTILE, people=HOSTILE, text=HOSTILE[3])
    content = written(language)
    read = Tags(content)
    assert not read.tags & {"script", "iframe", "object", "form", "base"}
    links = [value for name, value in read.attributes if name in ("href", "src")]
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    for name in (*HOSTILE[:4], HOSTILE[6], HOSTILE[7], r"\u202egnp.exe", shortened(HOSTILE[4])):
        assert name in read.text, name
    assert "http:" not in content
    assert "https:" not in content
    assert max(map(len, re.findall("a+", content))) < 60


def test_much_is_cut_and_counted() -> None:
    names = [f"class {number}" for number in range(1000)]
    report_inputs.write(names, [f"person {number}" for number in range(200)], ["b"])
    content = written()
    assert len(content) < 150_000
    assert "and 985 more" in content  # classes
    assert "and 185 more" in content  # people
    assert content == written()


def test_levers_and_the_forecast_are_shown() -> None:
    report_inputs.write(accuracy_true=0.95)
    content = written()
    assert "+3.0 points" in content
    assert Words("en")("levers.unknown") in content
    assert "the accuracy against true labels, estimated, is 95.0\u00a0%" in content
    assert "no gain shown; 800 of them with a label" in content
    assert "one example has no label in use" in content
    assert "一小时可找到其中的 60 个" in written("zh")
    curve = parts.learning_curve(inputs.read())
    assert curve["measured"] == [(40, 0.8), (80, 0.9)]
    assert curve["band"][-1] == (160, 0.8, 1)
    for language, key in (("en", "measured"), ("zh", "实测")):
        assert f'<span class="key second"></span>{key} <span class="key accent">' in written(
            language
        )
    assert Words("en")("levers.why") in content
    table = csv_files.read_csv(paths.LEVERS)
    rows = [row | {"gain": "0.02", "now": row["step"]} for row in table.to_pylist()]
    csv_files.write_csv(paths.LEVERS, table.column_names, [list(row.values()) for row in rows])
    assert "no gain shown; all labelled, as now<" in written()
    assert Words("en")("levers.why") not in written()


@pytest.mark.parametrize(
    ("ends", "marks"),
    [
        ((0.9, 1), [0.9, 0.92, 0.94, 0.96, 0.98, 1]),
        ((0.3, 1), [0.2, 0.4, 0.6, 0.8, 1]),
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((0, 1.857), [0, 0.5, 1, 1.5, 2]),
        ((0, 0), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((0, 70_000), [0, 20_000, 40_000, 60_000, 80_000]),
    ],
)
def test_axes_have_round_numbers(ends: tuple[float, float], marks: list[float]) -> None:
    assert parts.ticks(*ends) == pytest.approx(marks)


def test_a_share_is_rounded_once_and_an_accuracy_is_in_percent() -> None:
    report_inputs.write(accuracy_true=0.95)
    header = csv_files.read_csv(paths.CLASS_METRICS).column_names
    of_cat = ("cat", "0.8235", "1.0000", "0.9032", "14", "0")
    csv_files.write_csv(paths.CLASS_METRICS, header, [of_cat])
    pairs = [("cat", "cat")] * 14 + [("dog", "cat")] * 3
    csv_files.write_csv(paths.PREDICTIONS, ["answer", "predicted"], pairs)
    content = written()
    assert "82.4\u00a0%" in content  # 14 of 17
    assert "82.3\u00a0%" not in content
    assert '<td class="n">90.0\u00a0%</td><td class="n">88.0 … 92.0\u00a0%</td>' in content
    assert '<td class="n">90.0 points</td><td class="n">88.0 … 92.0 points</td>' in content
    assert "confidence and accuracy differ by 90.0 points" in content


@pytest.mark.parametrize("name", ["</script>", "<\\/b>", "=1+1"])
def test_the_report_names_classes_of_predictions_as_they_are(name: str) -> None:
    report_inputs.write()
    predicted = pa.table({"answer": [name, "cat"], "predicted": [name, name]})
    spreadsheets.write_plotted(paths.PREDICTIONS, predicted.to_pandas())
    assert inputs.read().confusion == {(name, name): 1, ("cat", name): 1}


def test_the_accuracy_of_a_slice_is_rounded_once() -> None:
    """83 of 85 are 97.647 %, which the table has as 0.9765."""
    report_inputs.write()
    header = csv_files.read_csv(paths.SLICE_METRICS).column_names
    row = ("site", "A", "85", "0.9765", "0.9183", "0.9935", "0.001", "True", "0")
    csv_files.write_csv(paths.SLICE_METRICS, header, [row])
    limit = next(answer.limits(inputs.read(), Words("en")))
    assert "97.6\u00a0% right of 85 test examples" in limit
    assert "97.7" not in limit + Tags(written()).text


@pytest.mark.parametrize(
    ("path", "column"),
    [
        (paths.SLICE_METRICS, "doubted"),
        (paths.REGIONS, "doubted"),
        (paths.ANNOTATORS, "accuracy_low"),
    ],
    ids=str,
)
def test_a_table_of_an_earlier_version_says_how_to_write_it_again(path: Path, column: str) -> None:
    report_inputs.write()
    table = csv_files.read_csv(path).drop_columns(column)
    csv_files.write_csv(path, table.column_names, [row.values() for row in table.to_pylist()])
    with pytest.raises(InputError, match=f"{path} has no column '{column}'; .* `dvc repro`$"):
        inputs.read()


@pytest.mark.parametrize(
    ("language", "shares"), [("en", "(90%, of all 10%)"), ("zh", "（占 90%，全体中占 10%）")]
)
def test_what_describes_a_region_is_told_in_the_language(language: str, shares: str) -> None:
    report_inputs.write(classes=["cat", "<b>"])
    assert f"<bdi>site = &lt;b&gt; {shares}</bdi>" in written(language)
    odd = "x = (1%, of all 2%) (30%, of all 4%); =y (50%, of all 6%)"
    assert Words("en").described(odd) == odd


def test_a_page_is_told_from_another_by_batches_and_labels() -> None:
    report_inputs.write(batches=["<b>", "c", "d", "e"])
    content = written()
    assert "<title>Data report: &lt;b&gt;, c, d, … (00000000)</title>" in content
    assert "<bdi>d</bdi>, <bdi>…</bdi>; labels: MD5 00000000…</p>" in content


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sound_that_nobody_hears_is_said(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    report_inputs.write(modality="audio")
    says = f'<p class="none">{Words(language)("silent")}</p>'
    assert says not in written(language)
    sound = pa.record_batch({"audio": pa.array([bytes(1600)], pa.binary(1600))})
    silent = audio.show(sound, {"shape": [800], "sample_rate": 8000})
    monkeypatch.setattr(audio, "show", lambda rows, _: silent * len(rows))
    content = written(language)
    assert says in content
    assert "<audio" not in content


def test_the_report_and_the_terminal_round_one_number_alike() -> None:
    """0.956478 is 0.9565 in metrics/evaluate.json, and 0.956 and 95.7 % were not the same."""
    metrics = {"test_examples": 23, "accuracy": 0.956478}
    metrics |= {"accuracy_low": 0.90445, "accuracy_high": 0.98754}
    assert "accuracy 0.957 (0.904 to 0.988) on 23" in evaluate.line(metrics)
    files.write_json(paths.EVALUATE_METRICS, metrics)
    held = files.read_json(paths.EVALUATE_METRICS)
    assert held["accuracy"] == 0.9565
    words = Words("en")
    assert words.score("accuracy", held["accuracy"]) == "95.7\u00a0%"
    ends = words.score("accuracy", held["accuracy_low"], held["accuracy_high"])
    assert ends == "90.4 … 98.8\u00a0%"
    assert (words.shown(0.9545), words.shown(0.0115)) == ("95.5\u00a0%", "1.2\u00a0%")
    assert (signed(0.0045), signed(-0.0015, 0.0145)) == ("+0.5", "-0.2 … +1.5")


def test_a_probability_is_never_nothing() -> None:
    words = Words("en")
    assert words.probability(0.0) == words.probability(0.0004) == "&lt;0.1\u00a0%"
    assert words.shown(0.0) == "0.0\u00a0%"
    report_inputs.write()
    assert "probability right: 10.0\u00a0%" in written()


def test_an_error_of_a_person_is_told_without_english_words() -> None:
    report_inputs.write()
    assert "<bdi>cat → dog (2)</bdi>" in written("zh")
    assert renamed("rated as good as bad (2)") == "rated as good as bad (2)"


def test_long_classes_of_a_frequent_error_are_cut_one_by_one() -> None:
    first, second = "a" * 70, "b (b) " * 20
    assert renamed(f"{first} as {second} (12)") == f"{shortened(first)} → {shortened(second)} (12)"
    assert renamed(f"{first} as good as {second} (12)").endswith("b… (12)")
    assert renamed("\u202e as c (1)") == "\\u202e → c (1)"
    assert renamed("") == ""
    report_inputs.write([first, second])
    assert f"<bdi>{shortened(first)} → {shortened(second)} (2)</bdi>" in written()


def test_the_labels_that_are_known_to_be_wrong_are_those_outside_the_test_split() -> None:
    report_inputs.write(label_errors=15, label_errors_precision=0.9, label_errors_recall=0.8)
    csv_files.write_csv(paths.LABEL_ERRORS, ["recall", "precision"], [(0, 0.9), (1, 0.8)])
    known = "Of the labels outside the test split whose truth is known, 15 are wrong: 90.0"
    assert known in Tags(written()).text
    assert "在测试集以外、已知答案的标签中，有 15 个是错的" in Tags(written("zh")).text


def test_no_precision_is_told_where_cleaning_calls_no_label_wrong() -> None:
    report_inputs.write(label_errors=15, label_errors_recall=0.0)
    scores = files.read_json(paths.EVALUATE_METRICS)
    del scores["label_errors_precision"]
    files.write_json(paths.EVALUATE_METRICS, scores)
    text = Tags(written()).text
    assert "15 are wrong: cleaning calls none of these labels wrong." in text
    assert "ring" not in text.split("cleaning calls none")[1].split("Parts of the data")[0]
    assert "清洗没有把其中任何标签判为错误" in Tags(written("zh")).text


@pytest.mark.parametrize(("language", "gaps"), [("en", "a gap in a column"), ("zh", "某列缺值")])
def test_slices_say_where_gaps_are(language: str, gaps: str) -> None:
    report_inputs.write()
    assert gaps in written(language)


@pytest.mark.parametrize(
    ("language", "little", "much"),
    [
        ("en", "split, less than 0.1\u00a0% are", "split, about 3.2\u00a0% are"),
        ("zh", "估计有不到 0.1% 是", "估计有约 3.2% 是"),
    ],
)
def test_an_estimated_share_is_about_or_less(language: str, little: str, much: str) -> None:
    report_inputs.write()
    clean = files.read_json(paths.CLEAN_METRICS)
    for noise, said in ((0.0, little), (0.0004, little), (0.032, much)):
        files.write_json(paths.CLEAN_METRICS, clean | {"estimated_label_noise": noise})
        assert said in Tags(written(language)).text


@pytest.mark.parametrize(
    ("language", "unjudged", "limit"),
    [
        (
            "en",
            (
                "80. Labels could not be judged: no classifier predicts them better than the "
                "class frequencies; 0 were replaced"
            ),
            "no classifier predicts labels better than the class frequencies",
        ),
        ("zh", "80 个。标签无法判断：没有分类器比类别频率预测得更好；已替换 0 个", "没有分类器"),
    ],
)
def test_no_share_of_wrong_labels_is_told_where_nothing_predicts_them(
    language: str, unjudged: str, limit: str
) -> None:
    report_inputs.write(accuracy_low=0.8)
    words = Words(language)
    lever = str(words("lever.corrected_labels.note.unjudged"))
    share = str(words.about(0.1))
    assert limit not in written(language)
    assert lever not in written(language)
    assert share in written(language)
    clean = files.read_json(paths.CLEAN_METRICS)
    files.write_json(paths.CLEAN_METRICS, clean | {"no_classifier_predicts": 1})
    read = replace(inputs.read(), noise=0.1)
    _, labels, first = answer.sentences(read, "95", words)
    assert unjudged in labels
    assert limit in first
    assert not any(words("limit.noise", share=0.1) in told for told in answer.limits(read, words))
    content = page.page(read, language, 0.95)
    assert share not in content
    row = content[content.index(str(words("lever.corrected_labels"))) :].partition("</tr>")[0]
    assert str(words("levers.unknown")) in row
    assert lever in row


def test_what_cleaning_calls_wrong_is_told_apart_without_colours() -> None:
    report_inputs.write()
    csv_files.write_csv(paths.LABEL_ERRORS, ["recall", "precision"], [(0, 0.9), (1, 0.8)])
    page_ = written()
    chart = page_[page_.index("label-errors-title") :].partition("</figure>")[0]
    assert chart.count('<circle class="dot accent"') == 2
    assert chart.count('<circle class="line second"') == 1
    assert "dot second" not in chart
    assert "the ring is what cleaning calls wrong" in chart


def left(n: int) -> str:
    return f"+{n}"


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("a" * 300, [], "a" * 300),
        ("a" * 301, [], f"{'a' * 300}…"),
        ("a\n" * 11 + "a", [], "a\n" * 11 + "a"),
        ("a\n" * 13, [], "a\n" * 11 + "a…"),
        ("x = 1\ny = \nz = " + "3" * 300, ["x", "y", "z"], "x = 1\ny = \n+1"),
        ("x = 1\n2\ny = " + "3" * 300 + "\nz = 3", ["x", "y", "z"], "x = 1\n2\n+2"),
        ("x = " + "1" * 300 + "\ny = 2", ["x", "y"], f"x = {'1' * 296}…\n+1"),
        ("x = " + "1" * 300, ["x"], f"x = {'1' * 296}…"),
    ],
)
def test_texts_and_rows_are_cut_where_it_is_seen(text: str, columns: list, shown: str) -> None:
    assert pictures._short(text, columns, left) == shown


def test_a_row_of_many_columns_shows_the_first_twelve() -> None:
    names = [f"column {n}" for n in range(21)]
    text = "\n".join(f"{name} = 1" for name in names)
    assert pictures._short(text, names, left) == "\n".join([*text.split("\n")[:12], "+9"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("modality", ["text", "table"])
def test_a_long_text_ends_with_a_mark(modality: str, language: str) -> None:
    report_inputs.write(modality=modality, text="b" * 400)
    quoted = re.findall(r"<blockquote[^>]*>([^<]*)", written(language))
    assert quoted
    assert all(300 < len(text) < 400 and text.endswith("b…") for text in quoted)
    assert "max-height" not in written().partition("blockquote {")[2].partition("}")[0]


@pytest.mark.parametrize(("language", "said"), [("en", "no text"), ("zh", "没有文字")])
@pytest.mark.parametrize("text", ["", " \n\u3000 ", " \n" * 400], ids=["none", "blanks", "long"])
def test_a_text_without_letters_is_said_to_be_none(language: str, said: str, text: str) -> None:
    report_inputs.write(text=text)
    content = written(language)
    assert f'<p class="none">{said}</p>' in content
    assert "<blockquote" not in content
    assert Words(language)("not_shown") not in content


def test_the_page_says_what_to_do_about_its_limits() -> None:
    report_inputs.write(accuracy_low=0.8)
    limit = answer.sentences(inputs.read(), "95", Words("en"))[2]
    assert "raise collect.test" in limit
    assert "annotate.page" in written()
    assert "0" * 32 in written()
    header = csv_files.read_csv(paths.QUEUE).column_names
    csv_files.write_csv(paths.QUEUE, header, [])
    quality = parquet_files.read_parquet(paths.QUALITY).to_pylist()
    kept = [row | {"decision": "keep"} for row in quality]
    parquet_files.write_parquet(paths.QUALITY, pa.Table.from_pylist(kept))
    assert "annotate.page" not in written()


@pytest.mark.parametrize(
    ("language", "note"), [("en", "hardly a label is still wrong"), ("zh", "几乎没有错误标签")]
)
def test_no_wrong_label_after_cleaning_is_said_in_words(language: str, note: str) -> None:
    report_inputs.write()
    assert note not in written(language)
    table = csv_files.read_csv(paths.LEVERS)
    rows = [row | {"now": "0", "found": "0"} for row in table.to_pylist()]
    csv_files.write_csv(paths.LEVERS, table.column_names, [list(row.values()) for row in rows])
    assert note in written(language)


@pytest.mark.parametrize(
    ("language", "note", "limit"),
    [
        (
            "en",
            "after cleaning, by estimate, not counting answers of people, which are taken as right",
            "still wrong by estimate. Answers of people are taken as right in this estimate.",
        ),
        (
            "zh",
            "估计清洗后几乎没有错误标签，不计人工回答，它们视为正确",
            "是错的。 此估计把人工回答视为正确。",
        ),
    ],
)
def test_answers_of_people_are_said_to_be_taken_as_right(
    language: str, note: str, limit: str
) -> None:
    report_inputs.write()
    table = csv_files.read_csv(paths.LEVERS)
    rows = [row | {"now": "0", "found": "0"} for row in table.to_pylist()]
    csv_files.write_csv(paths.LEVERS, table.column_names, [list(row.values()) for row in rows])
    assert note not in written(language)
    words, read = Words(language), replace(inputs.read(), noise=0.1)
    assert not any(limit in sentence for sentence in answer.limits(read, words))
    used = csv_files.read_csv(paths.ANNOTATED_LABELS)
    rows = [row | {"source": "human"} for row in used.to_pylist()]
    csv_files.write_csv(paths.ANNOTATED_LABELS, used.column_names, [row.values() for row in rows])
    assert note in written(language)
    read = replace(inputs.read(), noise=0.1)
    assert any(limit in sentence for sentence in answer.limits(read, words))


def test_a_file_name_breaks_behind_a_slash() -> None:
    report_inputs.write(modality="image")
    assert '<bdi class="place">b/<wbr>b-00000</bdi>' in written()


def test_wrong_labels_found_are_drawn_where_the_truth_is_known() -> None:
    report_inputs.write()
    assert 'id="label-errors-title"' in written()
    csv_files.write_csv(paths.LABEL_ERRORS, ["recall", "precision"], [])
    assert 'id="label-errors-title"' not in written()


@pytest.mark.parametrize(
    ("language", "names"), [("en", "leaks, outliers."), ("zh", "、 离群样本。")]
)
def test_kinds_that_were_not_looked_for_are_named(language: str, names: str) -> None:
    report_inputs.write()
    words = Words(language)
    csv_files.write_csv(paths.ISSUES, csv_files.read_csv(paths.ISSUES).column_names, [])
    assert words("findings.none") in written(language)
    assert words("findings.unsought") not in written(language)
    for ignored, is_any_sought in ((("leak", "outlier"), True), (Beyond.model_fields, False)):
        content = page.page(inputs.read(), language, 0.95, ignored=ignored)
        assert words("findings.none") not in content
        assert (words("findings.none.sought") in content) == is_any_sought
        assert words("findings.unsought") in content
        assert names in content or not is_any_sought
        assert words("kind.silent") not in content  # no kind of this modality


def git(*arguments: str, at: Path) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *person, *arguments], cwd=at, check=True, capture_output=True)


@pytest.fixture
def tagged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of a repository, with a version `v1`, and then changed."""
    project = folder / "part"
    project.mkdir()
    monkeypatch.chdir(project)
    report_inputs.write(batches=["b", HOSTILE[0]])
    git("init", "-q", at=folder)
    git("add", ".", at=folder)
    git("commit", "-qm", "v1", at=folder)
    git("tag", "v1", at=folder)
    report_inputs.write(batches=["b", "c"], accuracy=0.95, accuracy_true=0.97)
    return project


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_changed_since_a_tag(tagged: Path, language: str) -> None:
    read = inputs.read()
    assert since.changes("", read) is None
    changes = since.changes("v1", read)
    assert (changes.new, changes.gone) == (["c"], [HOSTILE[0]])
    assert changes.counts[0] == ("examples", 80, 80)
    scores = {key: (then, now) for key, then, now in changes.scores}
    assert scores["accuracy"] == ([0.9, 0.88, 0.92], [0.95, 0.88, 0.92])
    assert scores["accuracy_true"] == (None, [0.97] * 3)
    content = page.page(read, language, 0.95, changes)
    assert "python -m assay compare v1" in content
    then, ends = (Words(language)("percent", n=n) for n in ("90.0", "88.0 … 92.0"))
    assert f'>{then}<br><span class="faint">{ends}</span></td>' in content
    assert '>0.900<br><span class="faint">0.880 … 0.920</span></td>' in content
    assert "script" not in Tags(content).tags
    assert HOSTILE[0] in Tags(content).text
    assert 'href="#since"' not in page.page(read, language, 0.95)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("written_then", "differ"),
    [
        ("evaluate: {confidence: 0.95}", False),
        ("evaluate: {confidence: 0.8}", True),
        ("evaluate: 0.8", False),
        ("<<<<<<< ours", False),
        (None, False),
    ],
)
def test_the_levels_of_two_versions_are_told_apart(
    tagged: Path, language: str, written_then: str | None, differ: bool
) -> None:
    if written_then is not None:
        (tagged / "params.yaml").write_text(written_then)
        git("add", ".", at=tagged)
        git("commit", "-qm", "v2", at=tagged)
    read = inputs.read()
    content = page.page(read, language, 0.95, since.changes("HEAD", read))
    one = Words(language)("since.caption", level="95")
    both = Words(language)("since.caption.levels", level="95", then="80")
    assert (both in content, one in content) == (differ, not differ)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_known_of_classes_and_test_examples_is_said(tagged: Path, language: str) -> None:
    words = Words(language)
    read = inputs.read()
    content = page.page(read, language, 0.95, since.changes("v1", read))
    revision = Markup("<bdi>v1</bdi>")
    assert words("since.say", revision=revision) in content
    n = read.values["evaluate"]["test_examples"]
    assert words("since.tests", n=n) in content
    read.values["evaluate"]["test_examples"] = n + 9
    content = page.page(read, language, 0.95, since.changes("v1", read))
    assert words("since.tests.differ", then=n, now=n + 9) in content
    assert words("since.tests", n=n) not in content
    read.rows["classes"].pop()
    content = page.page(read, language, 0.95, since.changes("v1", read))
    assert words("since.say.classes", revision=revision) in content
    assert words("since.say", revision=revision) not in content
    git("rm", "-q", "--cached", str(paths.CLASS_METRICS), str(paths.EVALUATE_METRICS), at=tagged)
    git("commit", "-qm", "without", at=tagged)
    content = page.page(read, language, 0.95, since.changes("HEAD", read))
    assert words("since.tests.unknown") in content
    assert words("since.say", revision=Markup("<bdi>HEAD</bdi>")) in content


def test_a_share_that_is_not_known_is_not_compared(tagged: Path) -> None:
    clean = files.read_json(paths.CLEAN_METRICS)
    files.write_json(paths.CLEAN_METRICS, clean | {"no_classifier_predicts": 1})
    counts = {key: (then, now) for key, then, now in since.changes("v1", inputs.read()).counts}
    assert counts["estimated_label_noise"] == (0.1, None)
    git("commit", "-qam", "v2", at=tagged)
    counts = {key: (then, now) for key, then, now in since.changes("HEAD", inputs.read()).counts}
    assert counts["estimated_label_noise"] == (None, None)


@pytest.mark.parametrize("revision", ["v2", "--help", "v1:metrics", "\u202e"])
def test_an_unknown_revision_is_refused(tagged: Path, revision: str) -> None:
    with pytest.raises(InputError, match=r"^report.since: git knows no revision '.+fetch --tags`"):
        since.changes(revision, inputs.read())


def test_damaged_metrics_of_a_revision_are_refused(tagged: Path) -> None:
    read = inputs.read()
    paths.CLEAN_METRICS.write_text('{"examples": "many"}')
    git("add", ".", at=tagged)
    git("commit", "-qm", "damaged", at=tagged)
    with pytest.raises(InputError, match=r"^\w{7}:metrics/clean.json: "):
        since.changes("HEAD", read)


def test_every_score_has_its_place_and_its_words() -> None:
    assert list(program.METRICS) == list(scores.METRICS)
    assert set(SCORES) == {*scores.METRICS, "accuracy_true"}
    for key in SCORES:
        assert {f"score.{key}", f"score.{key}.say"} <= set(Words("en").texts)
    card = (Path(model_card.__file__).with_name("model_card.md")).read_text()
    assert [key for key in scores.METRICS if f"{{evaluate[{key}]:" not in card] == []


def test_a_text_that_is_missing_names_its_file() -> None:
    with pytest.raises(KeyError, match=r"reporting/languages/zh\.json has no text 'score\.new'"):
        Words("zh")("score.new")
