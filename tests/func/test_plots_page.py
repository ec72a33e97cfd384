"""The page that `dvc plots show` writes: all that it needs is inside, so it draws without a
network.
"""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.pipeline import Project, clone

pytestmark = pytest.mark.slow

CHARTS = ["loss", "accuracy", "confusion", "reliability", "forecast", "label_errors"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = clone(tmp_path_factory.mktemp("plots") / "assay")
    (project.folder / "plots/predictions.csv").write_text(
        "answer,predicted\n3,3\n3,5\n5,5\n"
    )  # DVC has it, git not
    project.run("dvc plots show")
    return project


@pytest.fixture
def page(project: Project) -> Path:
    return project.folder / "dvc_plots/index.html"


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_it_loads_nothing(page: Path) -> None:
    text = page.read_text()
    tags = Tags(text).found
    assert [tag for tag in tags if {"src", "href", "srcset", "data"} & tag[1].keys()] == []
    assert [attributes["id"] for tag, attributes in tags if tag == "div"] == CHARTS
    assert not re.search(r"\bimport\s*\(|@import|url\(\s*['\"]?http", text)
    assert text.index("window.vegaEmbed=") < text.index(f"vegaEmbed('#{CHARTS[0]}'")


def drawing(page: Path) -> str:
    """The page after Chromium has drawn it, without a network."""
    browser = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ]
    command = [*browser, "--virtual-time-budget=10000", "--dump-dom", page.as_uri()]
    return subprocess.run(
        command, capture_output=True, check=True, encoding="utf-8", timeout=60
    ).stdout


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_it_draws_without_a_network(page: Path) -> None:
    drawn = drawing(page)
    assert drawn.count('class="marks"') == len(CHARTS)
    assert "answer (right class if known" in drawn
    reliability = drawn.split('id="reliability"')[1].split('id="forecast"')[0]
    symbols = re.findall(r'role-legend-symbol"[^>]*><path[^>]* d="([^"]*)"', reliability)
    assert len(symbols) > 1
    assert all("A" in symbol for symbol in symbols)  # arcs: a line would have no colour


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_what_has_no_numbers_is_not_drawn(page: Path, tmp_path: Path) -> None:
    """Without known truth, label_errors.csv has no rows; without a forecast, its columns are nan."""
    text = re.sub(
        r'("dvc_inferred_y_value": )"[^"]*"(?=[^{]*"field": "forecast)',
        r'\1"nan"',
        page.read_text(),
    )
    before, after = text.split('id = "label_errors"')
    after = re.sub(r"var spec = .*?};\n", "var spec = {};\n", after, count=1, flags=re.DOTALL)
    (tmp_path / "page.html").write_text(f'{before}id = "label_errors"{after}')
    drawn = drawing(tmp_path / "page.html")
    assert drawn.count('class="marks"') == len(CHARTS) - 1
    assert not re.search(r'<div id\s*=\s*"label_errors"', drawn)
    shown = drawn.rsplit('id="forecast"', 1)[1]
    assert re.findall(r">(accuracy|forecast\w*)</text>", shown) == ["accuracy"]


def test_it_is_no_part_of_the_project(project: Project) -> None:
    assert project.run("git status --porcelain").stdout == ""


def test_its_template_is_up_to_date_and_small(project: Project) -> None:
    project.run("python .dvc/plots/make_page.py && git diff --exit-code")
    assert (project.folder / ".dvc/plots/page.html").stat().st_size < 2**20
