"""Takes out of npm's lock whom one may give money to: an address, and of no use to an installation."""

import json
import sys
from pathlib import Path


def main(lock: Path) -> None:
    """Write the lock again without it."""
    locked = json.loads(lock.read_text())
    for package in locked["packages"].values():
        package.pop("funding", None)
    lock.write_text(json.dumps(locked, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
