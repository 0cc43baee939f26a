"""`python -m sandbox`: the whole desk on this machine, or one ticket through it with `--once`."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from sandbox.cli.demo import run_demo
from sandbox.cli.run_once import run_once

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What a shell says of a program that Ctrl-C has ended.
_EXIT_CODE_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Read the command line and run what it asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--once", metavar="TEXT", help="take one ticket all the way, then end")
    parser.add_argument("--data", metavar="DIR", type=Path, help="keep data, letters and logs here")
    asked = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        # Not every terminal can show what people write.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        if asked.once is not None:
            return asyncio.run(
                _run_until_signal(run_once(asked.once), exit_code_on_signal=_EXIT_CODE_INTERRUPTED)
            )
        data = asked.data.resolve() if asked.data else None
        return asyncio.run(_run_until_signal(run_demo(data), exit_code_on_signal=0))
    except* BrokenPipeError:
        # Whoever read us has seen enough (`| head`); Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


async def _run_until_signal(work: Coroutine[Any, Any, int], *, exit_code_on_signal: int) -> int:
    """Do the work; when we are told to stop, end it in good order."""
    running = asyncio.create_task(work)
    for name in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(name, _cancel_once, running)
    try:
        return await running
    except asyncio.CancelledError:
        return exit_code_on_signal


def _cancel_once(running: asyncio.Task[int]) -> None:
    """Whoever asks twice does not make it faster."""
    if not running.cancelling():
        print("\nStopping …", file=sys.stderr, flush=True)
        running.cancel()


if __name__ == "__main__":
    sys.exit(main())
