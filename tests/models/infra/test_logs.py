"""Log lines are JSON, name their ticket, and contain no secret and no text that people wrote."""

import json
import logging
import subprocess
import sys

import pytest

PROGRAM = """
import logging
from models.infra.logs import start_logging, ticket_log_context
logging.getLogger("arq").addHandler(logging.StreamHandler())
start_logging()
log = logging.getLogger("frontdesk")
log.info("nothing special")
with ticket_log_context("T-7"):
    log.warning("“%s” went wrong", "it")
log.error("can't open wss://x.slack.com/link/?ticket=secret-1&app_id=2")
logging.getLogger("arq.worker").warning("a job has expired")
try:
    raise ValueError("My salary is wrong")
except ValueError:
    log.exception("a bug")
"""


@pytest.mark.fault("F92")
def test_log_line_is_json_with_the_ticket_and_without_socket_secret() -> None:
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    first, second, third, fourth, fifth = (json.loads(line) for line in process.stderr.splitlines())

    assert (first["level"], first["logger"], first["message"]) == (
        logging.getLevelName(logging.INFO),
        "frontdesk",
        "nothing special",
    )
    assert "ticket" not in first
    assert first["at"].endswith("+00:00")
    assert (second["ticket"], second["message"]) == ("T-7", "“it” went wrong")
    assert fourth["message"] == "a job has expired"
    assert third["message"] == "can't open wss://x.slack.com/link/?ticket=…&app_id=2"
    assert fifth["error"].startswith("ValueError\n")
    assert "line 13" in fifth["error"]
    assert "salary" not in process.stderr
