"""Likeness: what is alike is found, the rare words count, and what is secret is told to nobody."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobs.runner.step_context import StepContext
from jobs.steps.learn_from_ticket import learn_from_ticket
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.tickets.workflow import Move
from models.triage.similarity import (
    MIN_SIMILARITY,
    MIN_SIMILARITY_TO_SUGGEST,
    ComparableTicket,
    SolvedTicket,
    rank_similar,
    significant_words,
)
from models.triage.skills import words
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step


def past(*texts: str) -> list[ComparableTicket]:
    """Solved tickets with these titles."""
    return [
        ComparableTicket(
            SolvedTicket(ticket_id=f"T-{n}", title=text, solution="So."), tuple(words(text))
        )
        for n, text in enumerate(texts)
    ]


def found(text: str, *texts: str, at_least: float = MIN_SIMILARITY) -> list[str]:
    """The titles of those that are like the text."""
    return [one.title for one in rank_similar("", text, past(*texts), min_score=at_least, limit=3)]


def test_the_most_alike_comes_first_and_what_is_not_alike_not_at_all() -> None:
    assert found(
        "The printer on floor 3 jams",
        "VPN is down",
        "A printer jams",
        "The printer on floor 3 jams again",
        "Floor plan wanted",
    ) == ["The printer on floor 3 jams again", "A printer jams"]


def test_words_that_say_nothing_make_nothing_alike() -> None:
    assert found("Please help, it is not working", "Please help, it is not working") == []
    assert significant_words("Please help me with the VPN, it is not working!") == ["vpn"]


def test_a_rare_word_says_more_than_one_that_stands_everywhere() -> None:
    others = [f"laptop {word}" for word in ("screen", "battery", "keyboard", "dock", "fan")]

    assert found("laptop toolbar", *others, "toolbar bag case") == ["toolbar bag case"]


def test_what_is_offered_to_who_asks_is_very_much_alike() -> None:
    asked = "VPN is down in Berlin"

    assert found(asked, "VPN is down", at_least=MIN_SIMILARITY_TO_SUGGEST) == ["VPN is down"]
    assert found(asked, "VPN drops my calls", at_least=MIN_SIMILARITY_TO_SUGGEST) == []


def test_words_that_are_written_nearly_so_make_it_closer() -> None:
    texts = ("VPN invoice", "VPN disconnecting")

    assert found("VPN disconnects", *texts, at_least=0.1) == ["VPN disconnecting", "VPN invoice"]


def test_how_words_end_does_not_matter() -> None:
    assert found("Printers need toners", "Printer needs toner") == ["Printer needs toner"]


def test_what_stands_there_often_makes_it_closer() -> None:
    texts = ("toner paper tray", "toner, toner and toner paper")

    assert found("toner toner toner", *texts, at_least=0.1)[0] == texts[1]


def test_what_stands_in_the_title_counts_once_more() -> None:
    titles = {"T-1": "paper is out", "T-2": "toner is out"}
    texts = {"T-1": "paper is out toner low", "T-2": "toner is out paper low"}
    of = [
        ComparableTicket(
            SolvedTicket(ticket_id=one, title=title, solution="So."), tuple(words(texts[one]))
        )
        for one, title in titles.items()
    ]

    def first(title: str) -> str:
        return rank_similar(title, "paper and toner", of, min_score=0, limit=1)[0].ticket_id

    assert (first("paper"), first("toner")) == ("T-1", "T-2")


ASKED = "Outlook asks again and again for the password"
LONG = (
    "Since the update on Monday a window comes up every few minutes. I have typed it in, closed "
    "everything, restarted the laptop twice and removed the account from the control panel. On my "
    "phone mail arrives as ever, in the browser as well; colleagues next door see nothing of the "
    "kind. Calendar invitations pile up meanwhile, and the shared mailbox of accounting is empty."
)


def described(*titles: str) -> list[ComparableTicket]:
    """Solved tickets with these titles, each with the same long description."""
    return [
        ComparableTicket(
            SolvedTicket(ticket_id=f"T-{n}", title=one, solution="So."),
            tuple(words(f"{one} {LONG}")),
        )
        for n, one in enumerate(titles)
    ]


def shown(asked: str, *titles: str, at_least: float = MIN_SIMILARITY) -> list[str]:
    """The titles of those like a ticket that is a title alone."""
    like = rank_similar(asked, asked, described(*titles), min_score=at_least, limit=3)
    return [one.title for one in like]


def test_a_short_title_is_like_one_with_a_long_description() -> None:
    known = "Outlook keeps asking for my password"

    assert shown(ASKED, known, "Excel loses its toolbar") == [known]


def test_in_titles_the_ending_of_a_word_does_not_matter() -> None:
    titles = ("Printer tray: a paper jam", "Printer tray is green")

    assert shown("Printer tray jams papers", *titles) == ["Printer tray: a paper jam"]


def test_one_word_alone_makes_no_titles_alike() -> None:
    titles = ("Outlook is slow", "Outlook", "Password", "New password wanted for the wiki")

    assert shown(ASKED, *titles) == []
    assert shown("Outlook", "Outlook") == []


def test_by_titles_that_differ_nothing_is_offered_to_who_asks() -> None:
    title = "Outlook asks for the password of a mailbox"

    assert shown(ASKED, title) == [title]
    assert shown(ASKED, title, at_least=MIN_SIMILARITY_TO_SUGGEST) == []


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_texts_can_be_compared(text: str, texts: list[str]) -> None:
    everything = rank_similar(text, text, past(*texts), min_score=0, limit=99)

    assert len(everything) == len(texts)
    assert len(significant_words(text)) <= 40


async def solved(
    service: TicketService, title: str, *, solution: str = "So.", **more: Any
) -> Ticket:
    """A ticket of Ada's that Bob has resolved."""
    category = more.pop("category", "Network")
    bob = await service.members.set_role(more.get("team_id", "T1"), "UBOB", role=Role.MODERATOR)
    ticket = await opened(service, title, **more)
    said = make_triage("vpn", category=category)
    await service.move(ticket.id, Move.TRIAGE, actor=None, triage=said)
    offer: dict[str, Any] = {"assignee": "UBOB", "offered_to": "UBOB", "offers": 1}
    await service.move(ticket.id, Move.OFFER, actor=None, **offer)
    await service.move(ticket.id, Move.CLAIM, actor=bob)
    ticket = await service.move(ticket.id, Move.RESOLVE, actor=bob, solution=solution)
    await attempt_step(StepContext(service, None), Step.LEARN, learn_from_ticket, ticket.id)
    return ticket


async def opened(service: TicketService, title: str, **more: Any) -> Ticket:
    key = f"{title}{more}"
    said = {"key": key, "team_id": "T1", "requester": "UADA", "title": title, **more}
    return await service.open_ticket(Draft(**said))


async def test_only_what_is_solved_with_a_note_and_no_secret_is_found(
    service: TicketService,
) -> None:
    shown = await solved(service, "Zebra crossing is broken", solution="Painted it anew.")
    await solved(service, "Zebra crossing broken", solution="")
    await solved(service, "Zebra crossing broken", confidential=True)
    await solved(service, "Zebra crossing broken", team_id="T2")
    await solved(service, "Zebra crossing broken now", category="Salaries")
    reopened = await solved(service, "Zebra crossing broken again")
    ada = await service.members.get_or_create_member("T1", "UADA")
    await service.move(reopened.id, Move.REOPEN, actor=ada)
    ticket = await opened(service, "The zebra crossing is broken")

    like = await service.search.similar_solved_tickets(
        ticket, min_score=MIN_SIMILARITY, hidden_categories=["Salaries"]
    )

    assert like == (
        SolvedTicket(
            ticket_id=shown.id, title="Zebra crossing is broken", solution="Painted it anew."
        ),
    )
    assert len(await service.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)) == 2


async def test_a_short_title_finds_what_was_described_at_length(service: TicketService) -> None:
    known = await solved(service, "Outlook keeps asking for my password", description=LONG)
    for other in ("Outlook has lost its toolbar", "A new password for the wiki", "Outlook is slow"):
        await solved(service, other, description=LONG)

    like = await service.search.similar_solved_tickets(
        await opened(service, ASKED), min_score=MIN_SIMILARITY
    )

    assert [one.ticket_id for one in like] == [known.id]


async def test_among_many_of_its_words_a_ticket_is_found_by_one_that_ends_otherwise(
    service: TicketService,
) -> None:
    known = await solved(service, "Excel on the tablet crashed")
    for number in range(50):
        newer = {"id": f"T-{1000 + number}", "title": "Excel, tablet"}
        await service.solution_index.add(known.model_copy(update=newer))

    asked = await opened(service, "Excel on my tablet crashes")

    like = await service.search.similar_solved_tickets(asked, min_score=MIN_SIMILARITY)
    assert [one.ticket_id for one in like] == [known.id]


async def test_a_damaged_ticket_holds_up_no_look_for_what_is_alike(service: TicketService) -> None:
    damaged = await solved(service, "Quokka is in the lift")
    sound = await solved(service, "Quokka in the lift")
    await service.database.tickets.update_one({"_id": damaged.id}, {"$rename": {"title": "tittle"}})

    like = await service.search.similar_solved_tickets(
        await opened(service, "A quokka, lift"), min_score=MIN_SIMILARITY
    )

    assert [one.ticket_id for one in like] == [sound.id]


async def test_only_what_is_open_of_this_hour_and_no_secret_makes_an_incident(
    service: TicketService,
) -> None:
    alike = {
        "now": await opened(service, "Wombat is out", requester="UEVA"),
        "long ago": await opened(service, "Wombat is out", requester="UIDA"),
        "secret": await opened(service, "Wombat is out", requester="UIVO", confidential=True),
        "resolved": await solved(service, "Wombat is out", requester="UOLE"),
        "elsewhere": await opened(service, "Wombat is out", team_id="T2"),
    }
    before = alike["long ago"].opened_at - timedelta(minutes=61)
    known = {"_id": alike["long ago"].id}
    await service.database.tickets.update_one(known, {"$set": {"opened_at": before}})

    seen = await service.search.similar_open_tickets(await opened(service, "The wombat is out"))

    assert [one.report.ticket_id for one in seen] == [alike["now"].id]
