"""For each word the newest solved tickets that have it: so many, each once, of one workspace."""

from models.desk import Desk
from models.ticket import Ticket
from tests.models.desk_words import new_ticket

MOST = 50


def about(title: str, number: int, **more: str) -> Ticket:
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", title=title, description="")
    return ticket.model_copy(update=more)


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
