"""The review page in a real browser: people answer by keys, the server dies, nothing is lost."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.annotation import answers
from assay.catalogue import catalogue, spreadsheets
from assay.cleaning import gallery
from assay.contract import csv_files, parquet_files, paths
from tests.support.reviewed import HOSTILE, Served, make, saved

pytestmark = pytest.mark.slow

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CLASSES = ["eight", "nine", "ten", *HOSTILE]
KEYS = {"a": "suggested", "k": "given", "n": "not sure", "x": "not usable"}
SCREENS = [
    (width, scheme, locale)
    for width in (1280, 390)
    for scheme in ("light", "dark")
    for locale in ("en-US", "zh-CN")
]


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(tmp_path)
    with playwright.sync_playwright() as run:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = run.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[[str], Served]]:
    """`python -m assay review` by a name, ended with the test."""
    started: list[Served] = []

    def start(name: str) -> Served:
        started.append(Served(name))
        return started[-1]

    yield start
    for server in started:
        server.kill()


class Person:
    """Someone in front of the page, who knows what they answered."""

    def __init__(self, browser: Any, address: str, context: Any = None, **screen: Any) -> None:
        self.page = (context or browser.new_context(**screen)).new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text))
        self.said: dict[str, tuple[str, str]] = {}
        self.open(address)

    def open(self, address: str | None = None) -> None:
        """Open an address, or the same again."""
        if address:
            self.page.goto(address)
        else:
            self.page.reload()
        self.page.wait_for_selector("#example > :not(.waiting), #done:not([hidden])")
        # a browser drops what is typed before the first frame
        self.page.evaluate("new Promise((go) => requestAnimationFrame(() => setTimeout(go, 200)))")

    def is_done(self) -> bool:
        return self.page.is_visible("#done")

    def answer(self, key: str) -> str:
        """Answer by a key; the id of the example."""
        question = self.page.evaluate("current()")
        if key == "c":
            self.page.keyboard.press("c")
            self.page.keyboard.type("=1")
            self.page.keyboard.press("Enter")
            said = ("=1+1", "")
        else:
            self.page.keyboard.press(key)
            note = KEYS[key] if KEYS[key].startswith("not") else ""
            said = ("" if note else question[KEYS[key]], note)
        self.said[question["id"]] = said
        return question["id"]

    def wait(self) -> None:
        """Until all is on disk."""
        self.wait_until("pending.length === 0")

    def wait_until(self, condition: str) -> None:
        """Until a condition holds in the page, at most 20 s."""
        for _ in range(1000):
            if self.page.evaluate(condition):  # the page's policy forbids to wait in it
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(condition)


@pytest.mark.parametrize("modality", ["image", "audio", "text", "table"])
def test_a_hundred_answers_by_two_people_and_a_server_that_dies(
    browser: Any, serve: Callable[[str], Served], modality: str
) -> None:
    make(modality, classes=CLASSES)
    served = [serve("anna"), serve("bela")]
    anna, bela = (Person(browser, server.address) for server in served)
    for number in range(50):
        anna.answer("akncx"[number % 5])
        if number % 2:
            bela.answer("k")
    served[0].kill()
    lost = anna.answer("k")  # which the page says, and asks again
    anna.page.wait_for_selector("#alert:not([hidden])")
    before = anna.page.evaluate("current().id")
    anna.page.keyboard.press("a")
    assert anna.page.evaluate("current().id") == before
    del anna.said[lost]
    assert dict(saved("anna")).items() <= anna.said.items() | {(lost, ("", ""))}
    anna.said |= dict(saved("anna"))
    served[0] = serve("anna")
    anna.open(served[0].address)
    for number in range(200):
        if anna.is_done():
            break
        anna.answer("ak"[number % 2])
        if number == 10:
            anna.page.keyboard.press("z")
        if number == 20:
            anna.wait()
            anna.open()
    anna.wait()
    bela.wait()
    for person, name in ((anna, "anna"), (bela, "bela")):
        assert len(saved(name)) == len(person.said)
        assert dict(saved(name)) == person.said
    assert len(anna.said) == 100
    assert len(bela.said) == 25
    taken = answers.read(catalogue.read(), parquet_files.read_classes(paths.PRED_PROBS))
    taken = taken[taken["label"] != ""]
    labels = [label for said in (anna.said, bela.said) for label, _ in said.values() if label]
    assert sorted(taken["label"]) == sorted(labels)
    assert bela.problems == []


def test_the_offline_page_keeps_answers_and_saves_them(browser: Any, tmp_path: Path) -> None:
    doubted = make(classes=CLASSES)
    page = gallery.page(doubted, catalogue.read(), catalogue.votes(catalogue.read()), CLASSES)
    (tmp_path / "gallery.html").write_text(page)
    anna = Person(browser, f"file://{tmp_path}/gallery.html")
    for number in range(40):
        anna.answer("akncx"[number % 5])
    anna.open()
    anna.page.keyboard.press("z")  # nothing to undo after a reload
    for number in range(60):
        anna.answer("ka"[number % 2])
    assert anna.is_done()
    assert "Press “Save the answers” above" in anna.page.inner_text("#next")
    anna.page.click("#save")
    assert "Type your name first." in anna.page.inner_text("#progress")
    anna.page.fill("#name", "anna")
    assert "Type your name first." not in anna.page.inner_text("#progress")
    with anna.page.expect_download() as download:
        anna.page.click("#save")
    assert download.value.suggested_filename == "anna.csv"
    assert "Put it into data/annotations" in anna.page.inner_text("#progress")
    download.value.save_as(paths.ANNOTATIONS / "anna.csv")
    assert dict(saved("anna")) == anna.said
    content = (paths.ANNOTATIONS / "anna.csv").read_text()
    assert '"=' not in content
    taken = answers.read(catalogue.read(), CLASSES)
    taken = taken[taken["label"] != ""]
    assert len(taken) == sum(bool(label) for label, _ in anna.said.values())
    assert anna.problems == []


def test_two_tabs_of_the_offline_page_keep_the_answers_of_both(
    browser: Any, tmp_path: Path
) -> None:
    doubted = make(n=10, classes=CLASSES)
    page = gallery.page(doubted, catalogue.read(), catalogue.votes(catalogue.read()), CLASSES)
    (tmp_path / "gallery.html").write_text(page)
    first = Person(browser, f"file://{tmp_path}/gallery.html")
    second = Person(browser, first.page.url, context=first.page.context)
    first.page.fill("#name", "anna")
    first.page.click("#title")
    for _ in range(3):
        first.answer("a")
    second.wait_until("answers.size === 3")
    assert second.page.inner_text("#progress").startswith("3 of 10 answered")
    assert second.page.input_value("#name") == "anna"
    replaced = second.answer("k")  # of the fourth question: the first three are answered
    undone = second.answer("k")
    first.wait_until("answers.size === 5")
    second.page.keyboard.press("z")
    first.wait_until("answers.size === 4")
    del second.said[undone], second.said[replaced]
    first.page.keyboard.press("ArrowLeft")
    first.page.keyboard.press("ArrowLeft")
    assert first.answer("x") == replaced
    second.wait_until("past.length === 0")
    second.page.keyboard.press("z")  # what the other tab answered is not undone
    assert second.answer("a") == undone
    first.page.close()
    second.open()
    assert second.page.inner_text("#progress").startswith("5 of 10 answered")
    kept = {id_: tuple(said) for id_, said in second.page.evaluate("[...answers]")}
    assert kept == first.said | second.said
    assert first.problems + second.problems == []


@pytest.mark.parametrize(
    ("locale", "why"),
    [
        ("en", "1 not saved: answered otherwise meanwhile: reload the page"),
        ("zh-CN", "1 个回答未保存：此问题已有不同的回答：请重新加载页面"),
    ],
)
def test_a_tab_that_does_not_know_an_answer_cannot_replace_it(
    browser: Any, serve: Callable[[str], Served], locale: str, why: str
) -> None:
    make(n=10, classes=CLASSES)
    served = serve("anna")
    first, second = (Person(browser, served.address, locale=locale) for _ in range(2))
    for _ in range(2):
        first.answer("a")
    first.wait()
    assert second.answer("x") in first.said
    second.page.wait_for_selector("#alert:not([hidden])")
    assert second.page.inner_text("#alert") == why
    second.page.keyboard.press("z")
    second.page.keyboard.press("k")
    second.wait()
    assert second.page.inner_text("#alert") == why
    assert dict(saved("anna")) == first.said
    second.open()
    assert second.page.is_hidden("#alert")
    second.page.keyboard.press("ArrowLeft")  # to an answer that this page knows now
    changed = second.answer("x")
    second.wait()
    first.page.keyboard.press("z")
    first.page.wait_for_selector("#alert:not([hidden])")
    assert dict(saved("anna")) == first.said | {changed: ("", "not usable")}


def test_a_question_without_a_doubt_is_shown_as_one(
    browser: Any, serve: Callable[[str], Served]
) -> None:
    make(n=20, classes=["eight", "nine"])
    queue = spreadsheets.read(paths.QUEUE).to_pandas()
    spreadsheets.write(paths.QUEUE, queue.assign(suggested=queue["given"]))
    anna = Person(browser, serve("anna").address)
    assert anna.page.inner_text("h1") == "Labels to check"
    assert anna.page.inner_text("#totals") == "Questions: 20; about doubted labels: 15"
    options = anna.page.inner_text("#filter").split("\n")
    assert options == [
        "all",
        "nine → eight (8)",
        "eight → nine (7)",
        "eight, as in the data (3)",
        "nine, as in the data (2)",
    ]
    anna.page.select_option("#filter", index=3)
    assert anna.page.evaluate("order.length") == 3
    anna.page.keyboard.press("g")
    assert anna.page.inner_text("#tiles button").startswith("eight, as in the data")


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ("All that is shown is answered", "2 other questions wait.", "One", "All is")),
        ("zh-CN", ("显示的问题均已回答", "还有 2 个问题未显示，等待回答。", "还有 1", "全部")),
    ],
)
def test_questions_that_the_filter_hides_are_counted_and_can_be_shown(
    browser: Any, tmp_path: Path, locale: str, said: tuple[str, str, str, str]
) -> None:
    title, waiting, last, end = said
    doubted = make(n=4, classes=["eight", "nine"])
    page = gallery.page(doubted, catalogue.read(), catalogue.votes(catalogue.read()), CLASSES)
    (tmp_path / "gallery.html").write_text(page)
    anna = Person(browser, f"file://{tmp_path}/gallery.html", locale=locale)
    anna.page.select_option("#filter", index=1)
    anna.page.click("#language")
    anna.page.click("#language")
    assert anna.page.evaluate("[$('filter').selectedIndex, order.length]") == [1, 2]
    assert anna.answer("a") != anna.answer("a")
    assert anna.page.inner_text("#over") == title
    assert anna.page.inner_text("#next") == waiting
    anna.page.click("#rest")
    assert not anna.is_done()
    anna.answer("a")
    anna.page.select_option("#filter", index=1)
    assert anna.page.inner_text("#next").startswith(last)
    anna.page.click("#rest")
    anna.answer("a")
    assert anna.page.inner_text("#over").startswith(end)
    assert anna.page.is_hidden("#rest")
    assert anna.problems == []


def offline(browser: Any, folder: Path, classes: list[str], **made: Any) -> Callable[..., Person]:
    """People in front of one gallery, each with their own screen."""
    doubted = make(classes=classes, **made)
    examples = catalogue.read()
    page = gallery.page(doubted, examples, catalogue.votes(examples), classes)
    (folder / "gallery.html").write_text(page, "utf-8")
    return lambda **screen: Person(browser, f"file://{folder}/gallery.html", **screen)


def test_one_doubted_label_is_counted_as_one_and_the_page_says_what_is_asked(
    browser: Any, tmp_path: Path
) -> None:
    doubted = make(n=4, classes=["eight", "nine"]).head(1)
    page = gallery.page(doubted, catalogue.read(), catalogue.votes(catalogue.read()), CLASSES)
    (tmp_path / "gallery.html").write_text(page)
    anna = Person(browser, f"file://{tmp_path}/gallery.html", locale="en")
    assert anna.page.inner_text("#totals") == "Doubted labels: 1"
    assert anna.page.inner_text("#task").startswith("Which label is right? Accept the suggested")
    anna.page.click("#language")
    assert anna.page.inner_text("#task").startswith("哪个标签是正确的？")


@pytest.mark.parametrize("start", ["a digit that people wrote by hand ", "l" * 100])
def test_names_that_differ_at_the_end_alone_look_different(
    browser: Any, tmp_path: Path, start: str
) -> None:
    page = offline(browser, tmp_path, [f"{start}(old)", f"{start}(new)"], n=4)().page
    page.keyboard.press("c")
    for place in (".label", "#actions button", "#classes li"):
        names = page.locator(place).all_text_contents()
        assert sum("(old)" in name for name in names) == 1, (place, names)
        assert sum("(new)" in name for name in names) == 1, (place, names)
        assert all(len(name) <= 80 for name in names)


@pytest.mark.parametrize(
    ("n", "listed", "said"),
    [
        (60, 60, "60 of 60 classes"),
        (600, 500, "The first 500 of 600 classes; type more of the name to find the others"),
    ],
)
def test_the_list_of_classes_says_what_it_leaves_out(
    browser: Any, tmp_path: Path, n: int, listed: int, said: str
) -> None:
    page = offline(browser, tmp_path, [f"class {row}" for row in range(n)], n=4)().page
    page.keyboard.press("c")
    assert page.locator("#classes li").count() == listed
    assert page.inner_text("#matches") == said
    page.keyboard.type("class 59")
    assert page.inner_text("#classes li:first-child") == "class 59"
    assert page.inner_text("#matches") == f"{1 if n == 60 else 11} of {n} classes"


LEFTS = """([place, words]) => {
  const walker = document.createTreeWalker(document.querySelector(place), NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return words.map((word) => {
    const node = nodes.find(({ data }) => data.includes(word)), range = document.createRange();
    range.setStart(node, node.data.indexOf(word));
    range.setEnd(node, node.data.indexOf(word) + word.length);
    return range.getBoundingClientRect().left;
  });
}"""


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_names_that_are_written_leftwards_do_not_turn_the_sentence(
    browser: Any, tmp_path: Path, locale: str
) -> None:
    dog, cat, person = "كلب", "قطة منزلية", "محمد"
    reason = f"the other examples say {cat} (1.00) rather than {dog} (0.25)"
    doubted = make(classes=[dog, cat], n=4).assign(reason=reason)
    votes = catalogue.votes(catalogue.read()).assign(annotator=person)
    page = gallery.page(doubted, catalogue.read(), votes, [dog, cat])
    (tmp_path / "gallery.html").write_text(page, "utf-8")
    screen = {"viewport": {"width": 1600, "height": 900}}  # each sentence is one line
    shown = Person(browser, f"file://{tmp_path}/gallery.html", locale=locale, **screen).page
    sentences = {"#reason": [cat, "1.00", dog, "0.25"], "#votes": [person, "–", dog]}
    for place, words in sentences.items():
        lefts = shown.evaluate(LEFTS, [place, words])
        assert lefts == sorted(lefts), place
    pair = shown.locator("#filter option").nth(1).text_content()
    assert pair.startswith(f"\u2068{dog}\u2069 → \u2068{cat}\u2069")
    shown.keyboard.press("g")
    lefts = shown.evaluate(LEFTS, ["#tiles button", [dog, "→", cat]])
    assert lefts == sorted(lefts)
    shown.select_option("#filter", index=1)
    assert shown.evaluate("order.length") == 2


@pytest.mark.parametrize("modality", ["image", "text", "table"])
def test_the_question_is_seen_at_once_on_a_phone_and_zoomed_in(
    browser: Any, tmp_path: Path, modality: str
) -> None:
    classes = [f"{name} of a rather long name" for name in ("eight", "nine")]
    person = offline(browser, tmp_path, classes, modality=modality, n=4)
    for width, height in [(390, 844), (640, 450), (1280, 900)]:
        page = person(viewport={"width": width, "height": height}).page
        if modality != "image":
            page.evaluate("contents.forEach((_, row) => contents.set(row, 'word '.repeat(999)))")
            page.evaluate("draw()")
        label = page.locator(".side .label").first.bounding_box()
        bar = page.locator("#actions").bounding_box()
        assert label["y"] + label["height"] <= bar["y"], (width, height)
        assert bar["y"] + bar["height"] == height
        page.evaluate("scrollTo(0, 1e6)")
        last, bar = (page.locator(place).bounding_box() for place in ("#where", "#actions"))
        assert last["y"] + last["height"] <= bar["y"], (width, height)
        if width <= 700:
            buttons = page.locator("button:visible").all()
            assert min(button.bounding_box()["height"] for button in buttons) >= 44
        page.close()


def test_the_end_of_the_list_shows_no_button_that_does_nothing(
    browser: Any, tmp_path: Path
) -> None:
    anna = offline(browser, tmp_path, ["eight", "nine"], n=4)(locale="en")
    for _ in range(4):
        anna.page.click("#actions button")
    assert anna.is_done()
    assert anna.page.locator("#actions button:visible").all_inner_texts() == ["UndoZ"]
    assert anna.page.evaluate("document.activeElement.innerText") == "UndoZ"
    assert anna.page.is_hidden("#view")
    anna.page.keyboard.press("Enter")
    assert not anna.is_done()
    assert anna.page.locator("#actions button:visible").count() == 7
    anna.answer("a")
    anna.open()
    assert anna.page.is_hidden("#actions")  # nothing is to be undone
    assert anna.problems == []


@pytest.mark.parametrize(
    ("locale", "title"), [("en", "No label is doubted"), ("zh-CN", "没有存疑的标签")]
)
def test_a_gallery_without_doubts_asks_nothing(
    browser: Any, tmp_path: Path, locale: str, title: str
) -> None:
    doubted = make(n=4, classes=["eight", "nine"]).head(0)
    page = gallery.page(doubted, catalogue.read(), catalogue.votes(catalogue.read()), CLASSES)
    (tmp_path / "gallery.html").write_text(page)
    anna = Person(browser, f"file://{tmp_path}/gallery.html", locale=locale)
    assert anna.page.inner_text("#done").strip() == title
    buttons = anna.page.evaluate("[...document.querySelectorAll('button')].map(({ id }) => id)")
    shown = [name for name in filter(None, buttons) if anna.page.is_visible(f"#{name}")]
    assert shown == ["language"]
    assert anna.page.is_hidden("#actions")
    assert anna.page.is_hidden("#progress")
    anna.page.keyboard.press("g")
    anna.page.keyboard.press("a")
    assert anna.problems == []


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "What people said: in the batch – ten, anna – nine"),
        ("zh-CN", "各人的标注： 批次中 – ten, anna – nine"),
    ],
)
def test_the_label_of_a_batch_is_named_as_such(
    browser: Any, serve: Callable[[str], Served], locale: str, said: str
) -> None:
    doubted = make(n=4, classes=CLASSES)
    columns, first = ["id", "annotator", "label"], doubted["id"].iloc[0]
    votes = [(first, "given", "ten"), (first, "anna", "nine")]
    csv_files.write_csv(paths.labels("b"), columns, votes)
    anna = Person(browser, serve("anna").address, locale=locale)
    assert anna.page.inner_text("#votes") == said


def test_a_tie_is_asked_again_beside_the_answers_of_others(
    browser: Any, serve: Callable[[str], Served]
) -> None:
    make(n=20, classes=CLASSES)
    tied, late, early = (f"{row:032x}" for row in (2, 3, 4))
    header = "id,annotator,label,note\n"
    rows = f"{tied},anna,ten,\n{early},anna,ten,\n{early},=bela,,not usable\n"
    (paths.ANNOTATIONS / "a.csv").write_text(header + rows)
    (paths.ANNOTATIONS / "b.csv").write_text(f"{header}{tied},=bela,nine,\n{late},anna,,\n")
    anna = Person(browser, serve("anna").address)
    page = anna.page
    assert page.evaluate("order.filter(isAnswered).length") == 2
    assert page.is_hidden("#others")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.evaluate("current().id") == tied  # asked, though anna has answered it
    assert page.inner_text("#answered").startswith("Your answer: ten. Answer again: other people")
    assert page.inner_text("#others") == "What others answered: =bela – nine"
    assert page.inner_text("#reason") == "people's answers tie"
    page.keyboard.press("k")
    for _ in (early, late, tied):
        page.keyboard.press("ArrowLeft")
    assert page.inner_text("#answered") == "Your answer: ten"
    page.keyboard.press("z")  # which asks it again
    assert page.inner_text("#answered").startswith("Your answer: ten. Answer again")
    page.keyboard.press("a")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("current().id") == early
    assert page.inner_text("#others") == "What others answered: =bela – Not usable"
    page.keyboard.press("ArrowLeft")
    place = "data/annotations/b.csv row 3"
    assert (
        page.inner_text("#answered") == f"Your answer: no label. It is in {place}: change it there."
    )
    page.keyboard.press("a")
    assert page.evaluate("current().id") == late  # no answer is taken
    anna.wait()
    assert [id_ for id_, _ in saved("anna")] == [f"{row:032x}" for row in (0, 1, 2)]
    anna.open()
    assert page.evaluate("again.size") == 0
    page.click("#language")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("g")
    assert page.evaluate("document.querySelectorAll('#tiles .done').length") == 5
    assert anna.problems == []


def test_everybody_can_use_the_page_and_no_name_runs(
    browser: Any, serve: Callable[[str], Served]
) -> None:
    axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
    make(n=20, classes=CLASSES)
    served = serve("anna")
    for width, scheme, locale in SCREENS:
        screen = {"viewport": {"width": width, "height": 800}}
        person = Person(browser, served.address, color_scheme=scheme, locale=locale, **screen)
        asked: list[str] = []
        person.page.on("request", lambda request, asked=asked: asked.append(request.url))
        for keys in ("ssss", "g", "c"):
            for key in keys:
                person.page.keyboard.press(key)
            found = axe_playwright.Axe().run(person.page).response["violations"]
            assert found == [], (width, scheme, locale, keys)
        wide = person.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        assert person.page.title() in ("Assay: Labels to check", "Assay: 待检查的标签")
        assert all(url.startswith(("data:", served.address.partition("?")[0])) for url in asked)
        assert person.problems == []
        person.page.close()
