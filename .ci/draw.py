"""Draw what `dvc plots diff --json` prints as PNG files in `comment/`; prints the Markdown that
shows them.
"""

import json
import sys
from pathlib import Path

import vl_convert

FOLDER = Path("comment")

FOLDER.mkdir(exist_ok=True)
for name, plots in json.load(sys.stdin)["data"].items():
    for plot in plots:
        path = FOLDER / f"{name.replace('/', '-')}.png"
        path.write_bytes(vl_convert.vegalite_to_png(plot["content"]))
        print(f"\n![{name}]({path})")
