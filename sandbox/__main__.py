"""`python -m sandbox`: run Frontdesk on this machine, or one ticket with `--once`."""

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
# Shells report this exit code for a program that Ctrl-C ended.
_EXIT_CODE_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Parse the command line, run the demo or one ticket, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--once", metavar="TEXT", help="process one ticket with this text, then end"
    )
    parser.add_argument("--data", metavar="DIR", type=Path, help="keep data, e-mails and logs here")
    arguments = parser.parse_args()
    for stream in (sys.stdout, sys.stderr):
        # Not every terminal can show every character that people write.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        if arguments.once is not None:
            return asyncio.run(
                _run_until_signal(
                    run_once(arguments.once), exit_code_on_signal=_EXIT_CODE_INTERRUPTED
                )
            )
        data = arguments.data.resolve() if arguments.data else None
        return asyncio.run(_run_until_signal(run_demo(data), exit_code_on_signal=0))
    except* BrokenPipeError:
        # The reader has closed the pipe (`| head`); Python would report the error again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


async def _run_until_signal(work: Coroutine[Any, Any, int], *, exit_code_on_signal: int) -> int:
    """Run the work; a stop signal cancels it, so that its clean-up still runs."""
    task = asyncio.create_task(work)
    for stop_signal in _STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(stop_signal, _cancel_once, task)
    try:
        return await task
    except asyncio.CancelledError:
        return exit_code_on_signal


def _cancel_once(task: asyncio.Task[int]) -> None:
    """Cancel the task; a second signal must not interrupt its clean-up."""
    if not task.cancelling():
        print("\nStopping …", file=sys.stderr, flush=True)
        task.cancel()


if __name__ == "__main__":
    sys.exit(main())
