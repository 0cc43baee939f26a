"""`make sabotage`: takes away one protection at a time, and wants the tests about it to fail."""

import re
import subprocess
import sys
from typing import NamedTuple

from tests.faults.fault_report import write_section

FAULTS_FOLDER, STORIES_FOLDER = "tests/faults", "tests/stories"


class SabotageCase(NamedTuple):
    """A protection that is taken out of bot and worker, and the tests that must notice."""

    name: str
    tests: tuple[str, ...]


SABOTAGE_CASES = (
    SabotageCase(
        "no unique index",
        (
            f"{STORIES_FOLDER}/test_employee.py::test_one_submission_delivered_three_times_opens_one_ticket",
            f"{FAULTS_FOLDER}/test_bot_dies.py::test_the_bot_dies_during_a_submission",
        ),
    ),
    SabotageCase(
        "no lease filter",
        (
            f"{FAULTS_FOLDER}/test_repeated_ring.py"
            "::test_a_step_that_is_rung_for_while_it_is_done_is_done_once",
        ),
    ),
    SabotageCase(
        "slack_sdk's own retries",
        (
            f"{STORIES_FOLDER}/test_nothing_lost.py::test_a_message_whose_fate_is_unknown_is_looked_up",
        ),
    ),
    SabotageCase(
        "a constant ring id",
        (
            f"{FAULTS_FOLDER}/test_crash_everywhere.py::test_the_worker_dies_before_a_message_is_heard",
        ),
    ),
    SabotageCase(
        "no sweep",
        (
            f"{STORIES_FOLDER}/test_nothing_lost.py::test_redis_is_emptied_between_submission_and_triage",
            f"{FAULTS_FOLDER}/test_crash_everywhere.py::test_the_worker_dies_before_a_message_is_heard",
        ),
    ),
    SabotageCase(
        "no look-up before a message is sent again",
        (
            f"{STORIES_FOLDER}/test_nothing_lost.py::test_a_message_whose_fate_is_unknown_is_looked_up",
            f"{FAULTS_FOLDER}/test_outside.py::test_a_message_that_is_taken_without_a_word_is_not_sent_again",
            f"{FAULTS_FOLDER}/test_outside.py::test_who_may_not_look_waits_rather_than_sends_twice",
        ),
    ),
    SabotageCase(
        "no guard on the revision",
        (
            f"{STORIES_FOLDER}/test_claim.py::test_of_two_simultaneous_claims_one_wins_and_the_other_is_told_by_name",
            f"{FAULTS_FOLDER}/test_claims_at_once.py::test_of_fifty_claims_at_two_bots_one_wins_and_the_others_are_told_by_name",
        ),
    ),
)
_FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) \S+::(\w+)", re.MULTILINE)


def main() -> None:
    """Write the table; exit code 1 when a sabotage went unnoticed."""
    lines = ["| taken away | noticed by |", "|---|---|"]
    unnoticed = []
    for sabotage in SABOTAGE_CASES:
        noticed = _failed_tests(sabotage)
        words = ", ".join(f"`{test}`" for test in noticed)
        lines.append(f"| {sabotage.name} | {words or '**nobody**'} |")
        print(lines[-1], flush=True)
        if missed := {test.rpartition("::")[2] for test in sabotage.tests if "::" in test} - set(
            noticed
        ):
            unnoticed.append(f"{sabotage.name}: {', '.join(sorted(missed))}")
    write_section("sabotage", "\n".join(lines))
    sys.exit("\n".join(["It went unnoticed:", *unnoticed]) if unnoticed else 0)


def _failed_tests(sabotage: SabotageCase) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--sabotage", sabotage.name, *sabotage.tests]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return list(dict.fromkeys(_FAILED_TEST.findall(ran.stdout)))


if __name__ == "__main__":
    main()
