"""How bot and worker log: one line each to stderr, times in UTC, never what people wrote."""

import logging
import sys
import time
import traceback


def start_logging() -> None:
    """Send all logs to stderr; libraries that log each call only speak up for trouble."""
    formatter = logging.Formatter(
        fmt="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Bolt warns at every start that it takes no token from the environment; that is meant so.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    for name in ("slack_sdk", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)


def trace(error: BaseException) -> str:
    """What kind of error, and where it was raised; not its message, which may quote people."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
