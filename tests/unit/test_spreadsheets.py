"""What we write for spreadsheets starts no formula, and what they save is read as it was."""

import csv
import io
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.catalogue import spreadsheets
from assay.cleaning import gallery
from assay.contract.errors import InputError

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "a;=1",
    "a\n=1",
    "'=1",
    "''=1",
    "a,\t-1",
]
TEXTS = [
    "",
    "'tis",
    "1",
    "1.0",
    " 1",
    "01",
    "TRUE",
    "null",
    "NaN",
    'a"b',
    "a, b",
    "two\nlines",
    "é😀",
    "a-b",
    "a;b",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_starts_a_formula(text):
    cells = re.split("[;,\t\r\n]", spreadsheets.safe(text))
    assert not [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@＝＋－＠"))]
    assert spreadsheets.safe(text)[0] not in "\t\r"


@pytest.mark.parametrize("text", TEXTS)
def test_other_texts_stay(text):
    assert spreadsheets.safe(text) == spreadsheets.plain(text) == text


@given(st.text("'=-@\t\r\n;, a1＝"))
def test_a_safe_text_comes_back(text):
    assert spreadsheets.plain(spreadsheets.safe(text)) == text


# The definition of a formula in short, which takes quadratic time.
CELL = r"(?:\A|(?<=[;,\t\r\n]))"
FORMULA = r"(?=['\s]*[=+\-@＝＋－＠]|'*[\t\r])"
ODD = "'=-@\t\r\n;, a1＝\x0b\x85\u2028"


@given(st.text(ODD))
def test_the_cells_that_start_a_formula_are_those_of_the_definition(text):
    assert spreadsheets.plain(text) == re.sub(f"{CELL}'{FORMULA}", "", text)
    assert spreadsheets.safe(text) == re.sub(CELL + FORMULA, "'", text)


@pytest.mark.parametrize("text", ["\t", "\n", "\t'", "\n'", "'", " ", ";' "])
def test_a_long_text_takes_no_longer_than_its_length(text):
    start = time.process_time()
    for end in "x=":
        long = f"-{text * (200_000 // len(text))}{end}"
        assert spreadsheets.plain(spreadsheets.safe(long)) == long
        assert spreadsheets.plain(long)
    assert time.process_time() - start < 5  # a square of the length takes minutes


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_review_page_writes_the_same_cells(tmp_path):
    script = Path(gallery.__file__).with_name("page.js").read_text("utf-8")
    code = re.search(r"^function safe\(.*?^}", script, re.MULTILINE | re.DOTALL)[0]
    texts = [*FORMULAS, *TEXTS, "'\t", "''\r", "\n\n-", "a-\n'=", ";\t\t＝", "-" + "\n'" * 100_000]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    said = f"console.log(JSON.stringify(require({str(tmp_path / 'texts.json')!r}).map(safe)))"
    run = subprocess.run(["node", "-e", code + said], capture_output=True, check=True, timeout=20)
    assert json.loads(run.stdout) == [*map(spreadsheets.safe, texts)]


@pytest.fixture
def frame(tmp_path, monkeypatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    texts = FORMULAS + TEXTS
    return pd.DataFrame({"text": texts, "other": texts[::-1], "gain": [-0.5] * len(texts)})


def test_numbers_stay_numbers(frame, tmp_path):
    spreadsheets.write(tmp_path / "t.csv", frame, ["text", "gain"])
    assert spreadsheets.read(tmp_path / "t.csv")["gain"].to_pylist() == ["-0.5000"] * len(frame)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_a_spreadsheet_saves_is_read(frame, tmp_path, delimiter, mark):
    spreadsheets.write(tmp_path / "t.csv", frame, ["text", "other"])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    saved = io.StringIO()
    csv.writer(saved, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(
        rows
    )
    (tmp_path / "t.csv").write_bytes((mark + saved.getvalue()).encode())
    table = spreadsheets.read(tmp_path / "t.csv", ["text", "other"])
    assert table["text"].to_pylist() == frame["text"].to_list()
    assert table["other"].to_pylist() == frame["other"].to_list()


PLOTTED = ["<5 years", "a < b", "<b>", "cat", "</script><script>alert(1)</script>", "<!--<script>"]


@pytest.mark.parametrize("name", [*PLOTTED, *(name.replace("<", "<\\") for name in PLOTTED)])
def test_a_class_in_a_plot_ends_no_script_and_comes_back(tmp_path, name):
    """DVC puts the table into a script of its page, where `</script>` and `<!--` have an effect."""
    frame = pd.DataFrame({"answer": [name], "loss": [0.5]})
    spreadsheets.write_plotted(tmp_path / "p.csv", frame)
    content = (tmp_path / "p.csv").read_bytes()
    assert b"</" not in content
    assert b"<!" not in content
    table = spreadsheets.parse_plotted("p.csv", content, ["answer"])
    assert table.to_pylist() == [{"answer": name, "loss": "0.5000"}]
    if not re.search(r"<\\*[/!]", name):
        spreadsheets.write(tmp_path / "same.csv", frame)
        assert (tmp_path / "same.csv").read_bytes() == content


def test_another_encoding_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("id;label\n1;é\n", encoding="utf-16")
    with pytest.raises(InputError, match="UTF-8"):
        spreadsheets.read(tmp_path / "t.csv")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["id;label\n1;x\n", "名字,标签\r\n一,猫\r\n"])
def test_an_encoding_without_its_mark_is_named(tmp_path, encoding, text):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=r"t\.csv looks like UTF-16, .+: save it as UTF-8"):
        spreadsheets.read(tmp_path / "t.csv")
