"""`make sabotage`: removes one protection at a time, and checks that its tests fail.

The table below names the tests. `tests/rules/test_sabotage.py` checks that each of them exists.
"""

import re
import subprocess
import sys
from typing import NamedTuple

from tests.faults.fault_report import write_section

# File and test function, from the folder `tests`. Rename a test here, too.
_DUPLICATE_SUBMISSION = (
    "stories/test_requester.py::test_submission_delivered_three_times_opens_one_ticket"
)
_EMPTY_REDIS = "stories/test_crash_recovery.py::test_redis_emptied_between_submission_and_triage"
_UNKNOWN_OUTCOME = "stories/test_crash_recovery.py::test_message_with_unknown_outcome_is_sent_once"
_TWO_CLAIMS = "stories/test_claim.py::test_second_of_two_simultaneous_claims_is_refused_by_name"
_BOT_KILLED = "faults/test_bot_killed.py::test_bot_killed_during_a_submission"
_REPEATED_WAKEUP = "faults/test_repeated_wakeup.py::test_step_woken_again_while_it_runs_is_run_once"
_WORKER_KILLED = (
    "faults/test_worker_killed_before_message.py::test_worker_killed_before_a_message_is_handled"
)
_NO_ANSWER = (
    "faults/test_external_services.py::test_message_posted_without_an_answer_is_not_sent_again"
)
_FAILED_SEARCH = (
    "faults/test_external_services.py::test_step_waits_while_the_search_for_its_message_fails"
)
_FIFTY_CLAIMS = (
    "faults/test_concurrent_claims.py::test_one_of_fifty_claims_wins_and_the_others_name_the_winner"
)
_VISIBLE_PAGE = "models/search/test_search.py::test_page_holds_exactly_the_visible_tickets"
_VISIBLE_FILTERS = "bot/api/test_tickets.py::test_filters_find_only_visible_tickets"
_NEWER_IN_LISTS = "models/ticket_store/test_documents.py::test_lists_skip_a_newer_document"

_DAMAGED_DOCUMENTS = (
    "stories/test_damaged_documents.py::test_ticket_reaches_its_end_beside_damaged_documents"
)


class SabotageCase(NamedTuple):
    """A protection that all processes run without, and the tests that must fail then."""

    name: str
    tests: tuple[str, ...]


SABOTAGE_CASES = (
    SabotageCase("no unique index", (_DUPLICATE_SUBMISSION, _BOT_KILLED)),
    SabotageCase("no lease filter", (_REPEATED_WAKEUP,)),
    SabotageCase("slack_sdk's own retries", (_UNKNOWN_OUTCOME,)),
    SabotageCase("constant job id", (_WORKER_KILLED,)),
    SabotageCase("no sweep", (_EMPTY_REDIS, _WORKER_KILLED)),
    SabotageCase(
        "no search before a message is resent", (_UNKNOWN_OUTCOME, _NO_ANSWER, _FAILED_SEARCH)
    ),
    SabotageCase("no revision check", (_TWO_CLAIMS, _FIFTY_CLAIMS)),
    SabotageCase("no policy filter", (_VISIBLE_PAGE, _VISIBLE_FILTERS)),
    SabotageCase("no tolerant reader", (_DAMAGED_DOCUMENTS, _NEWER_IN_LISTS)),
)
# https://docs.pytest.org/en/stable/reference/exit-codes.html
_RUN_TO_THE_END = (0, 1)
_FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) \S+::(\w+)", re.MULTILINE)


def main() -> None:
    """Write the table into docs/reliability.md. The exit code is 1 if a test did not fail."""
    lines = ["| protection removed | tests that fail |", "|---|---|"]
    unnoticed = []
    for case in SABOTAGE_CASES:
        failed_tests = _failed_tests(case)
        names = ", ".join(f"`{test}`" for test in failed_tests)
        lines.append(f"| {case.name} | {names or '**none**'} |")
        print(lines[-1], flush=True)
        passed_tests = {test.rpartition("::")[2] for test in case.tests} - set(failed_tests)
        if passed_tests:
            unnoticed.append(f"{case.name}: {', '.join(sorted(passed_tests))}")
    write_section("sabotage", "\n".join(lines))
    sys.exit("\n".join(["Some tests did not fail:", *unnoticed]) if unnoticed else 0)


def _failed_tests(case: SabotageCase) -> list[str]:
    paths = [f"tests/{test}" for test in case.tests]
    command = [sys.executable, "-m", "pytest", "-q", "--sabotage", case.name, *paths]
    process = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if process.returncode not in _RUN_TO_THE_END:
        sys.exit(f"The tests for {case.name!r} did not run:\n{process.stdout}{process.stderr}")
    return list(dict.fromkeys(_FAILED_TEST.findall(process.stdout)))


if __name__ == "__main__":
    main()
