"""The doctor's report as text."""

from jobs.doctor import report_lines
from models.health import CheckResult, HealthReport
from models.infra.document_reader import UnreadableDocument


def test_doctor_names_damaged_documents() -> None:
    damaged = UnreadableDocument("webhooks", "w1", "secret: Field required")
    report = HealthReport(results=(CheckResult("MongoDB", "7.0.0"),), unreadable=(damaged,))

    lines = list(report_lines(report))

    assert lines[-2:] == [
        "BROKEN  webhooks w1: the document can't be read",
        "        → secret: Field required. Repair or delete it in MongoDB.",
    ]
    assert not report.is_ok
