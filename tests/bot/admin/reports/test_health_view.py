"""The health page names damaged documents, and what to do about them."""

from bot.admin.reports import health_view
from models.health import CheckResult, HealthReport
from models.infra.document_reader import MAX_LISTED, UnreadableDocument
from sandbox.slack.blockkit import check_view

DAMAGED = UnreadableDocument("webhooks", "w1", "secret: Field required")


def test_page_names_damaged_documents() -> None:
    report = HealthReport(results=(CheckResult("MongoDB", "7.0.0"),), unreadable=(DAMAGED,))

    page = str(health_view.render(report))

    assert "webhooks `w1`: secret: Field required" in page
    assert "Lists leave them out until you repair or delete them" in page


def test_page_fits_the_longest_reasons() -> None:
    hostile = UnreadableDocument("webhooks", "<!channel>`" * 40, "<!channel>: Field required" * 40)
    report = HealthReport(
        results=(CheckResult("MongoDB", "7.0.0"),), unreadable=(hostile,) * MAX_LISTED
    )

    page = health_view.render(report)

    assert check_view(page) == []
    assert "<!channel>" not in str(page)
