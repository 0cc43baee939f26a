"""For each stem the newest solved tickets that have it: so many, each once, of one workspace."""

from models.desk import Desk
from models.ticket import Ticket
from tests.models.desk_words import new_ticket

MOST = 50


def about(title: str, number: int, **more: str) -> Ticket:
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", title=title, description="")
    return ticket.model_copy(update=more)


async def keep_by_words(desk: Desk, ticket: Ticket, *words: str) -> None:
    """Keep it as it was kept before stems were: under words as they stand."""
    for word in words:
        change = {"$push": {"tickets": ticket.id}}
        await desk.database.upsert("solutions", f"{ticket.team_id}:{word}", change)


async def test_of_a_word_the_newest_are_kept(desk: Desk) -> None:
    for number in range(1, MOST + 6):
        await desk.solutions.keep(about("A quokka", number))

    found = await desk.solutions.with_words_of(about("The quokka", 999))

    assert sorted(found, key=lambda one: int(one[2:])) == [f"T-{n}" for n in range(6, MOST + 6)]


async def test_what_is_kept_twice_is_there_once(desk: Desk) -> None:
    for number in (1, 2, 1, 1):
        await desk.solutions.keep(about("A wombat", number))

    assert sorted(await desk.solutions.with_words_of(about("wombat", 9))) == ["T-1", "T-2"]
    kept = await desk.database.solutions.find_one({"_id": "T1:wombat"})
    assert kept
    assert kept["tickets"] == ["T-2", "T-1"]


async def test_those_with_most_of_the_words_come_first_and_never_the_ticket_itself(
    desk: Desk,
) -> None:
    await desk.solutions.keep(about("The kettle is cold", 1))
    await desk.solutions.keep(about("The kettle leaks on floor seven", 2))

    assert await desk.solutions.with_words_of(about("Kettle, floor seven", 9)) == ["T-2", "T-1"]
    assert await desk.solutions.with_words_of(about("Kettle, floor seven", 2)) == ["T-1"]


async def test_what_another_workspace_has_solved_is_not_found(desk: Desk) -> None:
    await desk.solutions.keep(about("An echidna", 1, team_id="T2"))

    assert await desk.solutions.with_words_of(about("Echidna", 9)) == []
    assert await desk.solutions.with_words_of(about("Echidna", 9, team_id="T2")) == ["T-1"]


async def test_a_text_without_telling_words_finds_nothing(desk: Desk) -> None:
    await desk.solutions.keep(about("Please help me", 1))

    assert await desk.solutions.with_words_of(about("Please help me", 9)) == []


async def test_the_ending_of_a_word_does_not_matter(desk: Desk) -> None:
    await desk.solutions.keep(about("Numbats crashing", 1))

    assert await desk.solutions.with_words_of(about("The numbat crashes", 9)) == ["T-1"]


async def test_what_was_kept_by_words_as_they_stand_is_found_by_them_still(desk: Desk) -> None:
    await keep_by_words(desk, about("Dingoes barking", 1), "dingoes", "barking")

    assert await desk.solutions.with_words_of(about("Dingoes", 9)) == ["T-1"]
    assert await desk.solutions.with_words_of(about("A dingo", 9)) == []


async def test_what_was_kept_by_words_and_then_by_stems_has_each_word_once(desk: Desk) -> None:
    twice = about("Tapirs grazing", 1)
    await keep_by_words(desk, twice, "tapirs", "grazing")
    await desk.solutions.keep(twice)
    await desk.solutions.keep(about("Tapirs grazing on meadows", 2))

    found = await desk.solutions.with_words_of(about("Tapirs grazing, meadows", 9))

    assert found == ["T-2", "T-1"]


async def test_forms_of_one_word_take_the_place_of_no_other(desk: Desk) -> None:
    await desk.solutions.keep(about("A lemur", 1))
    forms = "crawl crawls crawled crawling crawlings jump jumps jumped jumping"

    assert await desk.solutions.with_words_of(about(f"{forms} lemur", 9)) == ["T-1"]


async def test_of_a_long_text_the_first_words_are_looked_for(desk: Desk) -> None:
    await desk.solutions.keep(about("A marmot", 1))
    others = "alpha bravo coyly delta extra foxtrot golfer"

    assert await desk.solutions.with_words_of(about(f"{others} marmot", 9)) == ["T-1"]
    assert await desk.solutions.with_words_of(about(f"{others} hotel marmot", 9)) == []


async def test_a_word_that_says_nothing_finds_none_that_ends_otherwise(desk: Desk) -> None:
    await desk.solutions.keep(about("It worked", 1))

    assert await desk.solutions.with_words_of(about("It works", 9)) == []
    assert await desk.solutions.with_words_of(about("It worked", 9)) == ["T-1"]
