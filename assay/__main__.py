"""The few things that DVC has no word for: `python -m assay --help`."""

import argparse
import sys
from pathlib import Path

from assay.errors import run


def main() -> None:
    parser = argparse.ArgumentParser("python -m assay", description="What DVC has no word for.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("predict", help="say what the released model sees in files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="image files, or CSV files of features")
    command = commands.add_parser("label-studio", help="send the queue to Label Studio, or fetch people's answers")
    command.add_argument("action", choices=["push", "pull"])
    command.add_argument("--url", default="http://localhost:8080", help="of the server; %(default)s")
    command.add_argument("--project", default="assay", help="its name or number; %(default)s; push makes a missing one")
    command.add_argument("--file", type=Path, help="without a server: tasks to write, or an export (JSON) to read")
    arguments = parser.parse_args()
    if arguments.command == "predict":
        from assay.predict import predict

        for name, label, probability in predict(arguments.files):
            print(f"{name}\t{label}\t{probability:.4f}")
    if arguments.command == "label-studio":
        from assay import label_studio

        for line in getattr(label_studio, arguments.action)(arguments.url, arguments.project, arguments.file):
            print(line, file=sys.stderr)


if __name__ == "__main__":
    run(main)
