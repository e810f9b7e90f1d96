"""Write the demonstration's files: `python -m deploy.demo.data FOLDER [--today YYYY-MM-DD]`."""

import argparse
from datetime import date
from pathlib import Path

from deploy.demo import data


def main() -> None:
    """Read the command line, write the files, list them."""
    parser = argparse.ArgumentParser(prog="deploy.demo.data", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, default=data.REFERENCE_DAY)
    wanted = parser.parse_args()
    for path in data.write(data.demonstration(today=wanted.today), wanted.folder):
        print(path)


if __name__ == "__main__":
    main()
