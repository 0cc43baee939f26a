"""Every form and modal of the bot is one that Slack opens, at its worst."""

import pytest

from bot.admin.people import member_form
from bot.admin.taxonomy import categories_form, dry_run_form, skills_form
from bot.tickets import correction_form, resolution_form, ticket_form
from bot.ui.notice_view import notice_view
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
def test_slack_opens_the_ticket_form_whatever_was_typed(text: str) -> None:
    assert check_view(ticket_form.render(text)) == []


@pytest.mark.parametrize("status", Status)
def test_slack_shows_the_receipt(status: Status) -> None:
    ticket = ticket_in_status(status, id="T-123456789")
    sent = Draft(**ticket.model_dump(include=set(Draft.model_fields)))
    changed = sent.model_copy(update={"title": "another"})
    receipts = [ticket_form.render_receipt(ticket, draft) for draft in (sent, changed)]

    assert [check_view(receipt) for receipt in receipts] == [[], []]
    assert ["as you sent it first" in str(receipt) for receipt in receipts] == [False, True]


def test_slack_shows_what_may_help_and_asks_how_it_was_solved() -> None:
    ticket = ticket_in_status(Status.NEW, id="T-123456789")
    sent = Draft(**ticket.model_dump(include=set(Draft.model_fields)))
    helpful = SolvedTicket(ticket_id="T-7", title="Ada's secret", solution=(HOSTILE * 99)[:1000])
    receipt = ticket_form.render_receipt(ticket, sent, helpful)

    assert check_view(receipt) == check_view(resolution_form.render(ticket)) == []
    assert check_view(notice_view(*ticket_form.solved_confirmation(ticket))) == []
    assert "reopen it from your messages with Frontdesk" in str(
        ticket_form.solved_confirmation(ticket)
    )
    assert "a ticket like it was solved this way" in str(receipt)
    assert quote(helpful.solution) in receipt["blocks"]
    assert not [word for word in ("T-7", "secret") if word in str(receipt)]


def test_who_answers_an_incident_is_told_how_many_read_it() -> None:
    reports = (IncidentReport(ticket_id="T-7", by="U7"), IncidentReport(ticket_id="T-8", by="U8"))
    first = ticket_in_status(Status.CLAIMED, incident="T-1", reports=reports)

    assert "All 3 are told, too." in str(resolution_form.render(first, for_incident=True))
    assert "Who asked is told, too." in str(resolution_form.render(first))


@pytest.mark.parametrize("amount", [1, 29, 300])
def test_slack_opens_the_member_form_with_any_number_of_skills(amount: int) -> None:
    names = [f"{HOSTILE}{number}"[-50:] for number in range(amount)]
    full = Taxonomy(
        categories=DEFAULT_TAXONOMY.categories, skills=tuple(Skill(name=name) for name in names)
    )
    everything = Member(
        team_id="T1", slack_id="UBOB", role=Role.MODERATOR, skills=full.vocabulary.names
    )

    assert check_view(member_form.render_picker()) == []
    assert check_view(member_form.render(full, everything)) == []
    assert check_view(notice_view(member_form.confirmation_text(everything))) == []


def test_slack_opens_the_forms_for_the_lists_at_their_fullest() -> None:
    names = [f"{HOSTILE}{number}"[-MAX_NAME_LENGTH:] for number in range(MAX_CATEGORIES)]
    categories = [
        Category(name=name, description=HOSTILE * 9, keywords=(HOSTILE,) * 90, private=True)
        for name in names
    ]
    skill = Skill(name=names[0], aliases=(HOSTILE,) * 200)
    full = Taxonomy(categories=tuple(categories), skills=(skill,))

    assert check_view(categories_form.render(full)) == []
    assert check_view(categories_form.render(full, names[-1])) == []
    assert check_view(skills_form.render()) == []
    assert check_view(skills_form.render(skill)) == []
    assert check_view(skills_form.render_removal_question(names[0], people=1, tickets=20_000)) == []


def test_slack_shows_what_came_of_a_text() -> None:
    said = make_triage(*[HOSTILE] * 8, category=HOSTILE, notes=HOSTILE * 90)
    bob = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR)
    choice = AssigneeChoice(member=bob, reason=HOSTILE * 30)
    passed = [(bob, HOSTILE)] * 1000

    stood_in = said.model_copy(update={"engine": Engine.BUILTIN, "why_builtin": HOSTILE * 90})
    for by in (
        dry_run_form.waiting_heading(uses_gemini=True),
        dry_run_form.waiting_heading(uses_gemini=False),
        dry_run_form.answer_heading(
            said.model_copy(update={"model": HOSTILE, "engine": Engine.GEMINI})
        ),
        dry_run_form.answer_heading(stood_in),
        dry_run_form.NO_WORKER_HEADING,
    ):
        results = dry_run_form.result_texts(said, choice, passed, by)

        assert check_view(dry_run_form.render_result("page", *results)) == []
        assert "<!channel>" not in str(results)
    assert check_view(dry_run_form.render()) == []


def test_what_came_of_a_text_says_first_whose_word_it_is() -> None:
    asked = make_triage("vpn", engine=Engine.GEMINI, model="gemini-9", ms=2776, tokens=1, notes="")
    words = make_triage("vpn", why_builtin="no Gemini key is set", notes="Look at the gateway.")

    by_gemini = dry_run_form.result_texts(asked, None, [], dry_run_form.answer_heading(asked))
    by_words = dry_run_form.result_texts(words, None, [], dry_run_form.answer_heading(words))

    assert by_gemini[0].startswith("*Answered by Gemini*: gemini-9, 2776 ms, 1 token. ")
    assert "*AI request log* under T-0" in by_gemini[0]
    assert "Notes" not in str(by_gemini)
    assert by_words[0].endswith("trained model, because no Gemini key is set.")
    assert "*Notes:* Look at the gateway." in by_words[1]


@pytest.mark.parametrize("amount", [0, 1, 100, 300])
def test_slack_opens_the_correction_form_with_any_lists(amount: int) -> None:
    names = [f"{HOSTILE}{number}"[-50:] for number in range(amount)]
    lists = Taxonomy(
        categories=tuple(Category(name=name) for name in (*names, "Other")),
        skills=tuple(Skill(name=name) for name in names),
    )
    own = make_triage(*(f"{HOSTILE * 2}{n}"[-50:] for n in range(8)), why_builtin=HOSTILE * 9)
    ticket = ticket_in_status(Status.OFFERED).model_copy(update={"triage": own})
    bare = ticket.model_copy(update={"triage": make_triage()})
    chosen = Correction(category="Other", skills=lists.vocabulary.names[:50])

    for one in (ticket, bare):
        assert check_view(correction_form.render(one, lists)) == []
        assert check_view(correction_form.render(one, lists, correction=chosen)) == []


def test_slack_shows_a_sentence() -> None:
    assert check_view(notice_view("One moment …", title="People")) == []
