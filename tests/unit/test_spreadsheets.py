"""What we write for spreadsheets starts no formula, and what they save is read as it was."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.catalogue import spreadsheets
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
