"""The few things that DVC has no word for: `python -m assay --help`."""

import argparse
from pathlib import Path

from assay.errors import run


def main() -> None:
    parser = argparse.ArgumentParser("python -m assay", description="What DVC has no word for.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("predict", help="say what the released model sees in files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="image files, or CSV files of features")
    arguments = parser.parse_args()
    if arguments.command == "predict":
        from assay.predict import predict

        for name, label, probability in predict(arguments.files):
            print(f"{name}\t{label}\t{probability:.4f}")


if __name__ == "__main__":
    run(main)
