"""The solution index: each list holds the newest tickets of one workspace, each ticket once."""

from models.services import Services
from models.ticket_store.documents import ticket_number
from models.tickets.ticket import Ticket
from tests.sample_tickets import new_ticket

MAX_TICKETS_PER_WORD = 50


def ticket_about(title: str, number: int, **fields: str) -> Ticket:
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", title=title, description="")
    return ticket.model_copy(update=fields)


async def add_by_whole_words(services: Services, ticket: Ticket, *words: str) -> None:
    """Add a ticket to the lists of an earlier release, which are keyed by whole words."""
    for word in words:
        change = {"$push": {"tickets": ticket.id}}
        await services.database.upsert("solutions", f"{ticket.team_id}:{word}", change)


async def test_list_keeps_the_newest_tickets(services: Services) -> None:
    for number in range(1, MAX_TICKETS_PER_WORD + 6):
        await services.solution_index.add(ticket_about("A quokka", number))

    candidate_ids = await services.solution_index.find_candidate_ids(
        ticket_about("The quokka", 999)
    )

    newest = [f"T-{number}" for number in range(6, MAX_TICKETS_PER_WORD + 6)]
    assert sorted(candidate_ids, key=ticket_number) == newest


async def test_ticket_added_twice_is_in_the_list_once(services: Services) -> None:
    for number in (1, 2, 1, 1):
        await services.solution_index.add(ticket_about("A wombat", number))

    assert sorted(await services.solution_index.find_candidate_ids(ticket_about("wombat", 9))) == [
        "T-1",
        "T-2",
    ]
    document = await services.database.solutions.find_one({"_id": "T1:wombat"})
    assert document
    assert document["tickets"] == ["T-2", "T-1"]


async def test_tickets_with_most_words_come_first_without_the_ticket_itself(
    services: Services,
) -> None:
    await services.solution_index.add(ticket_about("The kettle is cold", 1))
    await services.solution_index.add(ticket_about("The kettle leaks on floor seven", 2))

    assert await services.solution_index.find_candidate_ids(
        ticket_about("Kettle, floor seven", 9)
    ) == [
        "T-2",
        "T-1",
    ]
    assert await services.solution_index.find_candidate_ids(
        ticket_about("Kettle, floor seven", 2)
    ) == ["T-1"]


async def test_ticket_of_another_workspace_is_not_found(services: Services) -> None:
    await services.solution_index.add(ticket_about("An echidna", 1, team_id="T2"))

    assert await services.solution_index.find_candidate_ids(ticket_about("Echidna", 9)) == []
    assert await services.solution_index.find_candidate_ids(
        ticket_about("Echidna", 9, team_id="T2")
    ) == ["T-1"]


async def test_text_without_significant_words_finds_nothing(services: Services) -> None:
    await services.solution_index.add(ticket_about("Please help me", 1))

    assert await services.solution_index.find_candidate_ids(ticket_about("Please help me", 9)) == []


async def test_words_with_the_same_stem_match(services: Services) -> None:
    await services.solution_index.add(ticket_about("Numbats crashing", 1))

    assert await services.solution_index.find_candidate_ids(
        ticket_about("The numbat crashes", 9)
    ) == ["T-1"]


async def test_list_keyed_by_whole_words_is_still_found(
    services: Services,
) -> None:
    await add_by_whole_words(services, ticket_about("Dingoes barking", 1), "dingoes", "barking")

    assert await services.solution_index.find_candidate_ids(ticket_about("Dingoes", 9)) == ["T-1"]
    assert await services.solution_index.find_candidate_ids(ticket_about("A dingo", 9)) == []


async def test_ticket_in_old_and_new_lists_counts_once(
    services: Services,
) -> None:
    ticket = ticket_about("Tapirs grazing", 1)
    await add_by_whole_words(services, ticket, "tapirs", "grazing")
    await services.solution_index.add(ticket)
    await services.solution_index.add(ticket_about("Tapirs grazing on meadows", 2))

    candidate_ids = await services.solution_index.find_candidate_ids(
        ticket_about("Tapirs grazing, meadows", 9)
    )

    assert candidate_ids == ["T-2", "T-1"]


async def test_forms_of_one_word_count_as_one_search_word(services: Services) -> None:
    await services.solution_index.add(ticket_about("A lemur", 1))
    forms = "crawl crawls crawled crawling crawlings jump jumps jumped jumping"

    assert await services.solution_index.find_candidate_ids(ticket_about(f"{forms} lemur", 9)) == [
        "T-1"
    ]


async def test_only_the_first_words_of_a_long_text_are_searched(services: Services) -> None:
    await services.solution_index.add(ticket_about("A marmot", 1))
    others = "alpha bravo coyly delta extra foxtrot golfer"

    assert await services.solution_index.find_candidate_ids(
        ticket_about(f"{others} marmot", 9)
    ) == ["T-1"]
    assert (
        await services.solution_index.find_candidate_ids(ticket_about(f"{others} hotel marmot", 9))
        == []
    )


async def test_insignificant_word_matches_only_itself(
    services: Services,
) -> None:
    await services.solution_index.add(ticket_about("It worked", 1))

    assert await services.solution_index.find_candidate_ids(ticket_about("It works", 9)) == []
    assert await services.solution_index.find_candidate_ids(ticket_about("It worked", 9)) == ["T-1"]
