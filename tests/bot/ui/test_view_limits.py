"""Slack accepts every form and modal of the bot, also with the longest and most hostile texts."""

import pytest

from bot.admin.people import member_form
from bot.admin.taxonomy import categories_form, dry_run_form, skills_form
from bot.tickets import correction_form, details, resolve_with_note, ticket_form
from bot.ui.views import loading_view, notice_view
from models.assignment.matching import AssigneeChoice
from models.messages.block_kit import quote
from models.people.member import Member, Role
from models.tickets.correction import Correction
from models.tickets.ticket import Draft, IncidentReport, Status
from models.triage.result import Category, Engine
from models.triage.similarity import SolvedTicket
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY, MAX_CATEGORIES, MAX_NAME_LENGTH, Taxonomy
from sandbox.slack.blockkit import check_view
from tests.sample_tickets import make_triage, ticket_in_status

HOSTILE = "&<>\"'`*_~ <!channel> <@U1> :fire: 🔥👩‍💻 "


@pytest.mark.parametrize("text", ["", "vpn", HOSTILE, HOSTILE * 1000, "\n" * 500, "🔥" * 40_000])
def test_ticket_form_with_any_text(text: str) -> None:
    assert check_view(ticket_form.render(text)) == []


@pytest.mark.parametrize("status", Status)
def test_receipt_in_every_status(status: Status) -> None:
    ticket = ticket_in_status(status, id="T-123456789")
    draft = Draft(**ticket.model_dump(include=set(Draft.model_fields)))
    changed = draft.model_copy(update={"title": "another"})
    receipts = [ticket_form.render_receipt(ticket, sent) for sent in (draft, changed)]

    assert [check_view(receipt) for receipt in receipts] == [[], []]
    assert ["as you sent it first" in str(receipt) for receipt in receipts] == [False, True]


def test_receipt_with_a_solution_and_the_resolution_form() -> None:
    ticket = ticket_in_status(Status.NEW, id="T-123456789")
    draft = Draft(**ticket.model_dump(include=set(Draft.model_fields)))
    solved = SolvedTicket(ticket_id="T-7", title="Ada's secret", solution=(HOSTILE * 99)[:1000])
    receipt = ticket_form.render_receipt(ticket, draft, solved)

    assert check_view(receipt) == check_view(resolve_with_note.render(ticket)) == []
    assert check_view(notice_view(*ticket_form.solved_confirmation(ticket))) == []
    assert "reopen it from your direct messages with Frontdesk" in str(
        ticket_form.solved_confirmation(ticket)
    )
    assert "a similar ticket was solved this way" in str(receipt)
    assert quote(solved.solution) in receipt["blocks"]
    assert not [word for word in ("T-7", "secret") if word in str(receipt)]


def test_resolution_form_of_an_incident_names_the_readers() -> None:
    reports = (IncidentReport(ticket_id="T-7", by="U7"), IncidentReport(ticket_id="T-8", by="U8"))
    first = ticket_in_status(Status.CLAIMED, incident="T-1", reports=reports)

    for_incident, for_one = (
        resolve_with_note.render_for_incident(first),
        resolve_with_note.render(first),
    )

    assert "All 3 requesters see this, and" in str(for_incident)
    assert "The requester sees this, and it may be suggested" in str(for_one)


@pytest.mark.parametrize("amount", [1, 29, 300])
def test_member_form_with_any_number_of_skills(amount: int) -> None:
    names = [f"{HOSTILE}{number}"[-50:] for number in range(amount)]
    taxonomy = Taxonomy(
        categories=DEFAULT_TAXONOMY.categories, skills=tuple(Skill(name=name) for name in names)
    )
    bob = Member(
        team_id="T1", slack_id="UBOB", role=Role.MODERATOR, skills=taxonomy.vocabulary.names
    )

    assert check_view(member_form.render_picker()) == []
    assert check_view(member_form.render(taxonomy, bob)) == []
    assert check_view(notice_view(member_form.confirmation_text(bob))) == []


def test_taxonomy_forms_at_their_limits() -> None:
    names = [f"{HOSTILE}{number}"[-MAX_NAME_LENGTH:] for number in range(MAX_CATEGORIES)]
    categories = [
        Category(name=name, description=HOSTILE * 9, keywords=(HOSTILE,) * 90, private=True)
        for name in names
    ]
    skill = Skill(name=names[0], aliases=(HOSTILE,) * 200)
    taxonomy = Taxonomy(categories=tuple(categories), skills=(skill,))

    assert check_view(categories_form.render(taxonomy)) == []
    assert check_view(categories_form.render(taxonomy, names[-1])) == []
    assert check_view(skills_form.render()) == []
    assert check_view(skills_form.render(skill)) == []
    assert check_view(skills_form.render(skill, people=1, tickets=20_000)) == []


def test_dry_run_result_at_its_limits() -> None:
    triage = make_triage(*[HOSTILE] * 8, category=HOSTILE, notes=HOSTILE * 90)
    bob = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR)
    choice = AssigneeChoice(member=bob, reason=HOSTILE * 30)
    skipped = [(bob, HOSTILE)] * 1000

    fallback = triage.model_copy(update={"engine": Engine.BUILTIN, "why_builtin": HOSTILE * 90})
    for heading in (
        dry_run_form.waiting_heading(uses_gemini=True),
        dry_run_form.waiting_heading(uses_gemini=False),
        dry_run_form.answer_heading(
            triage.model_copy(update={"model": HOSTILE, "engine": Engine.GEMINI})
        ),
        dry_run_form.answer_heading(fallback),
        dry_run_form.NO_WORKER_HEADING,
    ):
        results = dry_run_form.result_texts(triage, choice, skipped, heading)

        assert check_view(dry_run_form.render_result("page", *results)) == []
        assert "<!channel>" not in str(results)
    assert check_view(dry_run_form.render()) == []


def test_dry_run_result_names_the_engine_first() -> None:
    gemini_triage = make_triage(
        "vpn", engine=Engine.GEMINI, model="gemini-9", ms=2776, tokens=1, notes=""
    )
    keyword_triage = make_triage(
        "vpn", why_builtin="no Gemini key is set", notes="Look at the gateway."
    )

    by_gemini = dry_run_form.result_texts(
        gemini_triage, None, [], dry_run_form.answer_heading(gemini_triage)
    )
    by_keywords = dry_run_form.result_texts(
        keyword_triage, None, [], dry_run_form.answer_heading(keyword_triage)
    )

    assert by_gemini[0].startswith("*Answered by Gemini*: gemini-9, 2776 ms, 1 token. ")
    assert "*AI request log* under T-0" in by_gemini[0]
    assert "Notes" not in str(by_gemini)
    assert by_keywords[0].endswith("trained model, because no Gemini key is set.")
    assert "*Notes:* Look at the gateway." in by_keywords[1]


@pytest.mark.parametrize("amount", [0, 1, 100, 300])
def test_correction_form_with_any_taxonomy(amount: int) -> None:
    names = [f"{HOSTILE}{number}"[-50:] for number in range(amount)]
    taxonomy = Taxonomy(
        categories=tuple(Category(name=name) for name in (*names, "Other")),
        skills=tuple(Skill(name=name) for name in names),
    )
    worst = make_triage(*(f"{HOSTILE * 2}{n}"[-50:] for n in range(8)), why_builtin=HOSTILE * 9)
    ticket = ticket_in_status(Status.OFFERED).model_copy(update={"triage": worst})
    without_skills = ticket.model_copy(update={"triage": make_triage()})
    choices = Correction(category="Other", skills=taxonomy.vocabulary.names[:50])

    for shown in (ticket, without_skills):
        assert check_view(correction_form.render(shown, taxonomy)) == []
        assert check_view(correction_form.render(shown, taxonomy, correction=choices)) == []


@pytest.mark.parametrize("status", Status)
def test_details_in_every_status(status: Status) -> None:
    worst = make_triage(
        *[HOSTILE[:50]] * 8,
        category=(HOSTILE * 3)[:75],
        model=(HOSTILE * 9)[:100],
        why_builtin=(HOSTILE * 9)[:200],
    )
    ticket = ticket_in_status(status, id="T-123456789")

    assert check_view(details.render(ticket)) == []
    assert check_view(details.render(ticket.model_copy(update={"triage": worst}))) == []


def test_notice() -> None:
    assert check_view(loading_view("People")) == []
