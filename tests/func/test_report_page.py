"""The report in a real browser: on a phone and a screen, light and dark, in both languages, for every modality."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.contract import paths
from assay.reporting import inputs, page
from tests.support import report_inputs
from tests.unit.test_report import HOSTILE, LANGUAGES

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = Path("/usr/bin/chromium")
SCREENS = {390: "dark", 1100: "light"}  # pixels

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("modality", ["image", "audio", "text", "table"])
def test_nothing_is_wrong_with_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: object, language: str, modality: str
) -> None:
    monkeypatch.chdir(tmp_path)
    report_inputs.write([*HOSTILE, "cat"], HOSTILE, modality=modality, accuracy_true=0.9)
    content = page.page(inputs.read(), language, 0.95)
    paths.REPORT.parent.mkdir(exist_ok=True)
    paths.REPORT.write_text(content, encoding="utf-8")
    for width, scheme in SCREENS.items():
        # the page forbids all scripts, also that of axe
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
        )
        opened, said, asked = context.new_page(), [], []
        opened.on("console", lambda message, said=said: said.append(message.text))
        opened.on("pageerror", lambda error, said=said: said.append(str(error)))
        opened.on("dialog", lambda dialog, said=said: said.append(dialog.message))
        opened.on("request", lambda request, asked=asked: asked.append(request.url))
        opened.goto(paths.REPORT.resolve().as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(opened).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], scheme
        assert [url for url in asked if not url.startswith("data:")] == [opened.url]
        assert said == []
        context.close()


def test_a_short_class_name_is_not_broken_over_a_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: object
) -> None:
    monkeypatch.chdir(tmp_path)
    report_inputs.write(["circle", "square", "star", "triangle"])
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.set_content(page.page(inputs.read(), "en", 0.95))
    heads = "[...document.querySelectorAll('.turned bdi')]"
    lines = opened.evaluate(f"{heads}.map((name) => name.getClientRects().length)")
    assert len(lines) >= 4
    assert set(lines) == {1}
    opened.close()
