"""Make page.html: the template and all that draws the charts, so that it loads nothing."""

from pathlib import Path

import vl_convert

FOLDER = Path(__file__).parent

licences = (FOLDER / "LICENSES").read_text(encoding="utf-8")
vega = vl_convert.javascript_bundle()
page = (FOLDER / "template.html").read_text(encoding="utf-8")
page = page.replace(
    "{vega}", f"/*\n{licences}*/\n(() => {{{vega}}})()"
)  # its own names stay inside
(FOLDER / "page.html").write_text(page, encoding="utf-8")
