"""For each stem the newest solved tickets that have it: so many, each once, of one workspace."""

from models.ticket_service import TicketService
from models.tickets.ticket import Ticket
from tests.sample_tickets import new_ticket

MOST = 50


def about(title: str, number: int, **more: str) -> Ticket:
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", title=title, description="")
    return ticket.model_copy(update=more)


async def keep_by_words(service: TicketService, ticket: Ticket, *words: str) -> None:
    """Keep it as it was kept before stems were: under words as they stand."""
    for word in words:
        change = {"$push": {"tickets": ticket.id}}
        await service.database.upsert("solutions", f"{ticket.team_id}:{word}", change)


async def test_of_a_word_the_newest_are_kept(service: TicketService) -> None:
    for number in range(1, MOST + 6):
        await service.solution_index.add(about("A quokka", number))

    found = await service.solution_index.find_candidate_ids(about("The quokka", 999))

    assert sorted(found, key=lambda one: int(one[2:])) == [f"T-{n}" for n in range(6, MOST + 6)]


async def test_what_is_kept_twice_is_there_once(service: TicketService) -> None:
    for number in (1, 2, 1, 1):
        await service.solution_index.add(about("A wombat", number))

    assert sorted(await service.solution_index.find_candidate_ids(about("wombat", 9))) == [
        "T-1",
        "T-2",
    ]
    kept = await service.database.solutions.find_one({"_id": "T1:wombat"})
    assert kept
    assert kept["tickets"] == ["T-2", "T-1"]


async def test_those_with_most_of_the_words_come_first_and_never_the_ticket_itself(
    service: TicketService,
) -> None:
    await service.solution_index.add(about("The kettle is cold", 1))
    await service.solution_index.add(about("The kettle leaks on floor seven", 2))

    assert await service.solution_index.find_candidate_ids(about("Kettle, floor seven", 9)) == [
        "T-2",
        "T-1",
    ]
    assert await service.solution_index.find_candidate_ids(about("Kettle, floor seven", 2)) == [
        "T-1"
    ]


async def test_what_another_workspace_has_solved_is_not_found(service: TicketService) -> None:
    await service.solution_index.add(about("An echidna", 1, team_id="T2"))

    assert await service.solution_index.find_candidate_ids(about("Echidna", 9)) == []
    assert await service.solution_index.find_candidate_ids(about("Echidna", 9, team_id="T2")) == [
        "T-1"
    ]


async def test_a_text_without_telling_words_finds_nothing(service: TicketService) -> None:
    await service.solution_index.add(about("Please help me", 1))

    assert await service.solution_index.find_candidate_ids(about("Please help me", 9)) == []


async def test_the_ending_of_a_word_does_not_matter(service: TicketService) -> None:
    await service.solution_index.add(about("Numbats crashing", 1))

    assert await service.solution_index.find_candidate_ids(about("The numbat crashes", 9)) == [
        "T-1"
    ]


async def test_what_was_kept_by_words_as_they_stand_is_found_by_them_still(
    service: TicketService,
) -> None:
    await keep_by_words(service, about("Dingoes barking", 1), "dingoes", "barking")

    assert await service.solution_index.find_candidate_ids(about("Dingoes", 9)) == ["T-1"]
    assert await service.solution_index.find_candidate_ids(about("A dingo", 9)) == []


async def test_what_was_kept_by_words_and_then_by_stems_has_each_word_once(
    service: TicketService,
) -> None:
    twice = about("Tapirs grazing", 1)
    await keep_by_words(service, twice, "tapirs", "grazing")
    await service.solution_index.add(twice)
    await service.solution_index.add(about("Tapirs grazing on meadows", 2))

    found = await service.solution_index.find_candidate_ids(about("Tapirs grazing, meadows", 9))

    assert found == ["T-2", "T-1"]


async def test_forms_of_one_word_take_the_place_of_no_other(service: TicketService) -> None:
    await service.solution_index.add(about("A lemur", 1))
    forms = "crawl crawls crawled crawling crawlings jump jumps jumped jumping"

    assert await service.solution_index.find_candidate_ids(about(f"{forms} lemur", 9)) == ["T-1"]


async def test_of_a_long_text_the_first_words_are_looked_for(service: TicketService) -> None:
    await service.solution_index.add(about("A marmot", 1))
    others = "alpha bravo coyly delta extra foxtrot golfer"

    assert await service.solution_index.find_candidate_ids(about(f"{others} marmot", 9)) == ["T-1"]
    assert await service.solution_index.find_candidate_ids(about(f"{others} hotel marmot", 9)) == []


async def test_a_word_that_says_nothing_finds_none_that_ends_otherwise(
    service: TicketService,
) -> None:
    await service.solution_index.add(about("It worked", 1))

    assert await service.solution_index.find_candidate_ids(about("It works", 9)) == []
    assert await service.solution_index.find_candidate_ids(about("It worked", 9)) == ["T-1"]
