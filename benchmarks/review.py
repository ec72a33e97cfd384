"""The review page in a browser: the time from a key press until the next example is painted.

python -m benchmarks.review [FOLDER]

With the folder of a built pipeline, it uses the questions of this pipeline. Name a copy, because
answers are written there. Without a folder, it uses pictures like MNIST's.
"""

import os
import statistics
import sys
import time
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from assay.catalogue import catalogue
from assay.cleaning import gallery
from benchmarks.workspace import ROOT, machine, row
from tests.support import reviewed

N, ANSWERS = 4000, 200
OF_A_PIPELINE = 90  # its queue has 100 questions by default
CHROMIUM = "/usr/bin/chromium"
CLASSES = [str(digit) for digit in range(10)]
# The page draws in the event of the key. What it drew is on the screen once the next frame is done.
CLOCK = """
window.taken = [];
document.addEventListener("keydown", (event) => requestAnimationFrame(() => {
  const painted = new MessageChannel();
  painted.port1.onmessage = () => taken.push(performance.now() - event.timeStamp);
  painted.port2.postMessage(0);
}), true);
"""


def answered(questions: str, count: int) -> None:
    """Answer `count` questions of the current folder in the real page, and print the times."""
    from playwright.sync_api import sync_playwright

    start = time.perf_counter()
    served = reviewed.Served("anna")
    with sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(CLOCK)
        page.goto(served.address)
        page.wait_for_selector("#example > :not(.waiting)")
        seconds = time.perf_counter() - start
        row(f"command to first of {questions}, with the start of the browser, s", seconds)
        waited = 0
        for number in range(count):
            page.keyboard.press("ak"[number % 2])
            waited += page.evaluate("document.querySelectorAll('.waiting').length > 0")
            page.wait_for_timeout(150)
        taken = page.evaluate("taken")
        row("key to next example painted, median, ms", statistics.median(taken))
        row("the same, slowest twentieth begins at, ms", float(np.quantile(taken, 0.95)))
        row(f"examples of {count} that were not there yet", waited)
        while page.evaluate("pending.length"):
            page.wait_for_timeout(20)
        row("answers on disk", len(reviewed.saved("anna")))
        served.kill()
        browser.close()


def offline_page(doubted: pd.DataFrame) -> None:
    """Print the time and the size of the page without a server."""
    examples = catalogue.read()
    start = time.process_time()
    content = gallery.page(doubted, examples, catalogue.votes(examples), CLASSES)
    row("offline page: CPU time to write, s", time.process_time() - start)
    row("offline page: size, MB", len(content) / 1e6)


def main() -> None:
    os.environ["PYTHONPATH"] = str(ROOT)
    print(machine())
    row("what", "value")
    row("---", "---:")
    if sys.argv[1:]:
        os.chdir(sys.argv[1])
        answered("its questions", OF_A_PIPELINE)
        return
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        doubted = reviewed.make(n=N, classes=CLASSES, side=28)
        answered(f"{N} questions", ANSWERS)
        offline_page(doubted)


if __name__ == "__main__":
    main()
