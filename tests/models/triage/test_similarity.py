"""Similarity: similar tickets are found, rare words weigh more, confidential tickets stay out."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobs.steps.learn_from_ticket import learn_from_ticket
from models.people.member import Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
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


def solved_tickets(*texts: str) -> list[ComparableTicket]:
    """Solved tickets with these titles."""
    return [
        ComparableTicket(
            SolvedTicket(ticket_id=f"T-{n}", title=text, solution="So."), tuple(words(text))
        )
        for n, text in enumerate(texts)
    ]


def find_similar(text: str, *texts: str, min_score: float = MIN_SIMILARITY) -> list[str]:
    """The titles of the tickets that are similar to the text."""
    similar = rank_similar("", text, solved_tickets(*texts), min_score=min_score, limit=3)
    return [ticket.title for ticket in similar]


def test_most_similar_ticket_comes_first() -> None:
    assert find_similar(
        "The printer on floor 3 jams",
        "VPN is down",
        "A printer jams",
        "The printer on floor 3 jams again",
        "Floor plan wanted",
    ) == ["The printer on floor 3 jams again", "A printer jams"]


def test_stop_words_are_ignored() -> None:
    assert find_similar("Please help, it is not working", "Please help, it is not working") == []
    assert significant_words("Please help me with the VPN, it is not working!") == ["vpn"]


def test_rare_word_weighs_more_than_a_common_one() -> None:
    others = [f"laptop {word}" for word in ("screen", "battery", "keyboard", "dock", "fan")]

    assert find_similar("laptop toolbar", *others, "toolbar bag case") == ["toolbar bag case"]


def test_suggestion_needs_a_higher_similarity() -> None:
    text, min_score = "VPN is down in Berlin", MIN_SIMILARITY_TO_SUGGEST

    assert find_similar(text, "VPN is down", min_score=min_score) == ["VPN is down"]
    assert find_similar(text, "VPN drops my calls", min_score=min_score) == []


def test_similarly_spelled_words_raise_the_rank() -> None:
    titles = ("VPN invoice", "VPN disconnecting")
    expected = ["VPN disconnecting", "VPN invoice"]

    assert find_similar("VPN disconnects", *titles, min_score=0.1) == expected


def test_word_endings_are_ignored() -> None:
    assert find_similar("Printers need toners", "Printer needs toner") == ["Printer needs toner"]


def test_repeated_words_raise_the_rank() -> None:
    texts = ("toner paper tray", "toner, toner and toner paper")

    assert find_similar("toner toner toner", *texts, min_score=0.1)[0] == texts[1]


def test_title_words_count_once_more() -> None:
    titles = {"T-1": "paper is out", "T-2": "toner is out"}
    texts = {"T-1": "paper is out toner low", "T-2": "toner is out paper low"}
    candidates = [
        ComparableTicket(
            SolvedTicket(ticket_id=ticket_id, title=title, solution="So."),
            tuple(words(texts[ticket_id])),
        )
        for ticket_id, title in titles.items()
    ]

    def find_first(title: str) -> str:
        similar = rank_similar(title, "paper and toner", candidates, min_score=0, limit=1)
        return similar[0].ticket_id

    assert (find_first("paper"), find_first("toner")) == ("T-1", "T-2")


OUTLOOK_TITLE = "Outlook asks again and again for the password"
LONG_DESCRIPTION = (
    "Since the update on Monday a window comes up every few minutes. I have typed it in, closed "
    "everything, restarted the laptop twice and removed the account from the control panel. On my "
    "phone mail arrives as ever, in the browser as well; colleagues next door see nothing of the "
    "kind. Calendar invitations pile up meanwhile, and the shared mailbox of accounting is empty."
)


def long_tickets(*titles: str) -> list[ComparableTicket]:
    """Solved tickets with these titles, each with the same long description."""
    return [
        ComparableTicket(
            SolvedTicket(ticket_id=f"T-{n}", title=title, solution="So."),
            tuple(words(f"{title} {LONG_DESCRIPTION}")),
        )
        for n, title in enumerate(titles)
    ]


def find_by_title(title: str, *titles: str, min_score: float = MIN_SIMILARITY) -> list[str]:
    """The titles of the long tickets that are similar to a ticket without description."""
    similar = rank_similar(title, title, long_tickets(*titles), min_score=min_score, limit=3)
    return [ticket.title for ticket in similar]


def test_short_title_matches_a_ticket_with_a_long_description() -> None:
    title = "Outlook keeps asking for my password"

    assert find_by_title(OUTLOOK_TITLE, title, "Excel loses its toolbar") == [title]


def test_word_endings_in_titles_are_ignored() -> None:
    titles = ("Printer tray: a paper jam", "Printer tray is green")

    assert find_by_title("Printer tray jams papers", *titles) == ["Printer tray: a paper jam"]


def test_one_shared_word_does_not_make_titles_similar() -> None:
    titles = ("Outlook is slow", "Outlook", "Password", "New password wanted for the wiki")

    assert find_by_title(OUTLOOK_TITLE, *titles) == []
    assert find_by_title("Outlook", "Outlook") == []


def test_similar_titles_alone_are_not_enough_for_a_suggestion() -> None:
    title = "Outlook asks for the password of a mailbox"

    assert find_by_title(OUTLOOK_TITLE, title) == [title]
    assert find_by_title(OUTLOOK_TITLE, title, min_score=MIN_SIMILARITY_TO_SUGGEST) == []


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_texts_can_be_compared(text: str, texts: list[str]) -> None:
    ranked = rank_similar(text, text, solved_tickets(*texts), min_score=0, limit=99)

    assert len(ranked) == len(texts)
    assert len(significant_words(text)) <= 40


async def resolve_ticket(
    services: Services, title: str, *, solution: str = "So.", **fields: Any
) -> Ticket:
    """A ticket of Ada's that Bob resolved."""
    category = fields.pop("category", "Network")
    bob = await services.members.set_role(fields.get("team_id", "T1"), "UBOB", role=Role.MODERATOR)
    ticket = await open_ticket(services, title, **fields)
    triage = make_triage("vpn", category=category)
    await services.ticket_service.move(ticket.id, Verb.TRIAGE, actor=None, triage=triage)
    offer: dict[str, Any] = {"assignee": "UBOB", "offered_to": "UBOB", "offers": 1}
    await services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, **offer)
    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=bob)
    ticket = await services.ticket_service.move(
        ticket.id, Verb.RESOLVE, actor=bob, solution=solution
    )
    await attempt_step(services, Step.LEARN, learn_from_ticket, ticket.id)
    return ticket


async def open_ticket(services: Services, title: str, **fields: Any) -> Ticket:
    key = f"{title}{fields}"
    draft = {"key": key, "team_id": "T1", "requester": "UADA", "title": title, **fields}
    return await services.ticket_service.open_ticket(Draft(**draft))


async def test_only_visible_solved_tickets_with_a_solution_are_found(
    services: Services,
) -> None:
    visible = await resolve_ticket(
        services, "Zebra crossing is broken", solution="Painted it anew."
    )
    await resolve_ticket(services, "Zebra crossing broken", solution="")
    await resolve_ticket(services, "Zebra crossing broken", confidential=True)
    await resolve_ticket(services, "Zebra crossing broken", team_id="T2")
    await resolve_ticket(services, "Zebra crossing broken now", category="Salaries")
    reopened = await resolve_ticket(services, "Zebra crossing broken again")
    ada = await services.members.get_or_create_member("T1", "UADA")
    await services.ticket_service.move(reopened.id, Verb.REOPEN, actor=ada)
    ticket = await open_ticket(services, "The zebra crossing is broken")

    similar = await services.search.similar_solved_tickets(
        ticket, min_score=MIN_SIMILARITY, categories=["Network"]
    )

    assert similar == (
        SolvedTicket(
            ticket_id=visible.id, title="Zebra crossing is broken", solution="Painted it anew."
        ),
    )
    assert len(await services.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)) == 2


async def test_stored_tickets_with_long_descriptions_are_found_by_title(
    services: Services,
) -> None:
    expected = await resolve_ticket(
        services, "Outlook keeps asking for my password", description=LONG_DESCRIPTION
    )
    for title in ("Outlook has lost its toolbar", "A new password for the wiki", "Outlook is slow"):
        await resolve_ticket(services, title, description=LONG_DESCRIPTION)

    similar = await services.search.similar_solved_tickets(
        await open_ticket(services, OUTLOOK_TITLE), min_score=MIN_SIMILARITY
    )

    assert [ticket.ticket_id for ticket in similar] == [expected.id]


async def test_ticket_is_found_by_a_rare_stem_behind_many_newer_tickets(
    services: Services,
) -> None:
    expected = await resolve_ticket(services, "Excel on the tablet crashed")
    for number in range(50):
        newer = {"id": f"T-{1000 + number}", "title": "Excel, tablet"}
        await services.solution_index.add(expected.model_copy(update=newer))

    ticket = await open_ticket(services, "Excel on my tablet crashes")

    similar = await services.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)
    assert [ticket.ticket_id for ticket in similar] == [expected.id]


async def test_search_skips_a_damaged_ticket(services: Services) -> None:
    damaged = await resolve_ticket(services, "Quokka is in the lift")
    intact = await resolve_ticket(services, "Quokka in the lift")
    await services.database.tickets.update_one(
        {"_id": damaged.id}, {"$rename": {"title": "tittle"}}
    )

    similar = await services.search.similar_solved_tickets(
        await open_ticket(services, "A quokka, lift"), min_score=MIN_SIMILARITY
    )

    assert [ticket.ticket_id for ticket in similar] == [intact.id]


async def test_only_recent_open_visible_tickets_form_an_incident(
    services: Services,
) -> None:
    expected = await open_ticket(services, "Wombat is out", requester="UEVA")
    old = await open_ticket(services, "Wombat is out", requester="UIDA")
    await open_ticket(services, "Wombat is out", requester="UIVO", confidential=True)
    await resolve_ticket(services, "Wombat is out", requester="UOLE")
    await open_ticket(services, "Wombat is out", team_id="T2")
    opened_at = old.opened_at - timedelta(minutes=61)
    await services.database.tickets.update_one({"_id": old.id}, {"$set": {"opened_at": opened_at}})

    similar = await services.search.similar_open_tickets(
        await open_ticket(services, "The wombat is out")
    )

    assert [match.report.ticket_id for match in similar] == [expected.id]
