"""The review page on pictures like MNIST's: from a key to the next example painted, in a browser.

python -m benchmarks.review [CHROMIUM]
"""

import os
import statistics
import sys
import time
from tempfile import TemporaryDirectory

import numpy as np

from assay.catalogue import catalogue
from assay.cleaning import gallery
from benchmarks.workspace import ROOT, machine, row
from tests.support import reviewed

N, ANSWERS = 4000, 200
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


def main() -> None:
    from playwright.sync_api import sync_playwright

    chromium = sys.argv[1] if sys.argv[1:] else "/usr/bin/chromium"
    os.environ["PYTHONPATH"] = str(ROOT)
    with TemporaryDirectory() as folder, sync_playwright() as run:
        os.chdir(folder)
        doubted = reviewed.make(n=N, classes=CLASSES, side=28)
        start = time.perf_counter()
        served = reviewed.Served("anna")
        browser = run.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(CLOCK)
        page.goto(served.address)
        page.wait_for_selector("#example > :not(.waiting)")
        print(machine())
        row("what", "value")
        row("---", "---:")
        row(
            f"command to first of {N} questions, with the start of the browser, s",
            time.perf_counter() - start,
        )
        waited = 0
        for number in range(ANSWERS):
            page.keyboard.press("ak"[number % 2])
            waited += page.evaluate("document.querySelectorAll('.waiting').length > 0")
            page.wait_for_timeout(150)
        taken = page.evaluate("taken")
        row("key to next example painted, median, ms", statistics.median(taken))
        row("the same, slowest twentieth begins at, ms", float(np.quantile(taken, 0.95)))
        row(f"examples of {ANSWERS} that were not there yet", waited)
        while page.evaluate("pending.length"):
            page.wait_for_timeout(20)
        row("answers on disk", len(reviewed.saved("anna")))
        served.kill()
        browser.close()
        examples = catalogue.read()
        start = time.process_time()
        content = gallery.page(doubted, examples, catalogue.votes(examples), CLASSES)
        row("offline page: CPU time to write, s", time.process_time() - start)
        row("offline page: size, MB", len(content) / 1e6)


if __name__ == "__main__":
    main()
