"""Remarks are written for many, and read right for one."""

import pytest

from assay.contract.remarks import Remarks


@pytest.mark.parametrize(
    ("many", "single"),
    [
        ("files are hidden", "file is hidden"),
        ("classes have one label only", "class has one label only"),
        ("rows name no annotator", "row names no annotator"),
        ("rows of annotations.csv name files", "row of annotations.csv names files"),
        ("columns of digits hold categories", "column of digits holds categories"),
        ("columns may hold labels too", "column may hold labels too"),
        ("columns may say it, and are read", "column may say it, and is read"),
        ("labels replace an earlier one", "label replaces an earlier one"),
        ("labels lose blanks or have another form", "label loses blanks or has another form"),
        ("files tell the split", "file tells the split"),
        ("file names lack an ending or are odd", "file name lacks an ending or is odd"),
        ("examples come from a table", "example comes from a table"),
        ("sounds go too far and are clipped", "sound goes too far and is clipped"),
        ("sounds cancel out when mixed", "sound cancels out when mixed"),
        ("grey pictures become colour", "grey picture becomes colour"),
        ("pictures are turned as EXIF says", "picture is turned as EXIF says"),
        ("pictures in CMYK or the like become RGB", "picture in CMYK or the like becomes RGB"),
        ("colour pictures of 16 bits keep 8", "colour picture of 16 bits keeps 8"),
        ("of 3 sounds are longer", "of 3 sounds is longer"),
        ("of 3,000 texts (1.0%) have more", "of 3,000 texts (1.0%) has more"),
        ("of 9 examples looked at have it", "of 9 examples looked at has it"),
        ("of 9 examples become equal", "of 9 examples becomes equal"),
        ("column holds the labels", "column holds the labels"),
    ],
)
def test_one_thing_is_told_in_the_singular(many: str, single: str) -> None:
    remarks = Remarks()
    remarks.add("guessed", 1, many)
    remarks.add("guessed", 2, many)
    assert [remark.what for remark in remarks] == [single, many]


def test_a_long_example_is_cut_for_people_and_whole_for_programs(
    capsys: pytest.CaptureFixture,
) -> None:
    remarks = Remarks()
    for example in ("e" * 200, f"{'e' * 5000}.png"):
        remarks.add("cut", 1, "files are long", example)
    remarks.say("b")
    whole, cut = capsys.readouterr().err.splitlines()
    assert whole == f"assay: b: cut: 1 file is long: {'e' * 200}"
    assert cut == f"assay: b: cut: 1 file is long: {'e' * 119}…{'e' * 76}.png"
    assert [len(remark["example"]) for remark in remarks.as_dicts()] == [200, 5004]
