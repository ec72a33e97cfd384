"""The pages for people: links that lead somewhere, lines that fit, and a README that stays short."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
_FOLDERS = ("", "data/raw", "data/annotations", "models/pretrained", "docs")
PAGES = [path for folder in _FOLDERS for path in sorted((ROOT / folder).glob("*.md"))]
_README_LINES, _README_WIDTH = 150, 200


def without_code(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", without_code(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = r"(?<![\w/.-])(?:assay|stages|tests|benchmarks)/[\w/]+\.(?:py|md)\b"
    for path in re.findall(named, page.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file(), path


def test_the_readme_is_short() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= _README_LINES
    assert max(map(len, lines)) <= _README_WIDTH


def test_the_readme_links_every_page() -> None:
    linked = set(re.findall(r"docs/[\w-]+\.md", README.read_text(encoding="utf-8")))
    assert linked == {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")}


def test_the_glossary_defines_every_metric() -> None:
    defined = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    kinds = (ROOT / "docs/beyond-labels.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "metrics").glob("[!.]*")):
        text = path.read_text(encoding="utf-8")
        names = json.loads(text) if path.suffix == ".json" else text.splitlines()[0].split(",")
        metrics = {re.sub(r"_(low|high)$", "", name) for name in names}
        unknown = [name for name in metrics if f"`{name}`" not in defined + kinds]
        assert unknown == [], path


def works(text: str) -> set[tuple[str, str]]:
    """The first author and the year of each work that a text names."""
    name = r"[A-ZÀ-Ž][a-zà-ž'][\w'-]*"
    one_line = " ".join(text.split())
    return set(re.findall(rf"({name})(?:,? and {name}|, {name}| et al\.)* (\d{{4}})\b", one_line))


def test_every_work_that_is_named_has_its_title() -> None:
    pages = [page for page in PAGES if page.name not in ("sources.md", "report.md")]
    modules = [path for folder in ("assay", "stages") for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*pages, *modules])
    dates = {"Feb", "Nov", "October"}
    named = {(author, year) for author, year in works(text) if author not in dates}
    titled = works((ROOT / "docs/sources.md").read_text(encoding="utf-8"))
    assert named - titled == set()
    assert len(named) > 50  # the search finds them


@pytest.mark.parametrize("name", ["upgrading", "sharing"])
def test_a_build_that_fails_in_a_merge_is_not_committed_by_the_lines_pasted_with_it(
    name: str,
) -> None:
    page = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    place = next(place for place, block in enumerate(blocks) if "dvc repro --pull" in block)
    assert [("dvc repro" in block, "git commit" in block) for block in blocks[place:][:2]] == [
        (True, False),
        (False, True),
    ]
