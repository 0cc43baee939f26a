"""Few files ask whether a ticket is confidential; the fields table decides what is shown."""

import ast

from tests.rules.source_files import source_files

ALLOWED = {
    # They decide who may see it, and how much of it.
    "models/tickets/permissions.py",
    "models/tickets/fields.py",
    "models/tickets/visible_ticket.py",
    # They decide whether an AI may read it, and engines and other tickets learn from it.
    "models/engine/ticket_reading.py",
    "models/tickets/correction.py",
    "jobs/engines/few_shot_examples.py",
    "jobs/steps/answer_incident.py",
    "jobs/steps/learn_from_ticket.py",
    # The sentences that say so.
    "bot/admin/reports/ai_request_log_view.py",
    "bot/tickets/resolve_with_note.py",
    # It decides who handles it.
    "models/assignment/matching.py",
}


def test_few_files_ask_whether_a_ticket_is_confidential() -> None:
    readers = {
        source.path
        for source in source_files("bot", "jobs", "models")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr == "confidential"
    }

    assert readers == ALLOWED
