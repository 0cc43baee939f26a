"""`python -m sandbox`: the whole desk on this machine, or one ticket through it with `--once`."""

import argparse
import asyncio
import sys
from pathlib import Path

from sandbox.demo import demo
from sandbox.once import once


def main() -> int:
    """Read the command line and run what it asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--once", metavar="TEXT", help="take one ticket all the way, then end")
    parser.add_argument("--data", metavar="DIR", type=Path, help="keep data, letters and logs here")
    asked = parser.parse_args()
    if asked.once is not None:
        return asyncio.run(once(asked.once))
    return asyncio.run(demo(asked.data.resolve() if asked.data else None))


if __name__ == "__main__":
    sys.exit(main())
