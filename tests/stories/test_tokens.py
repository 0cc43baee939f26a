"""Tokens: issued and revoked in Slack by who they belong to."""

from sandbox.cast import Cast
from sandbox.slack.person import Person
from sandbox.slack.seen import Modal
from sandbox.world import World
from tests.stories.conftest import HTTP_ONLY


async def opens_tokens(world: World, person: Person) -> Modal:
    """Type `/ticket token`, and wait for the form."""
    await person.types("/ticket token")
    await world.slack.until(lambda: person.modal and person.modal.submit, waiting_for="the form")
    assert person.modal
    return person.modal


@HTTP_ONLY
async def test_a_token_is_shown_once_and_ends_when_it_is_revoked(world: World, cast: Cast) -> None:
    ada = cast.ada
    modal = await opens_tokens(world, ada)
    assert "There are no tokens" in modal.says
    assert "admin" not in modal.says
    await ada.submits()
    assert ada.modal
    assert "Name" in ada.modal.errors

    await ada.fills("Name", "Mondays")
    await ada.submits()
    [sent, *_] = world.slack.journal.deliveries("view_submission")[-1:]
    assert "shown this once" in ada.modal.says
    again = await world.slack.redeliver(sent)
    assert isinstance(again.body, dict)
    token = ada.modal.blocks[1]["text"]["text"]
    assert again.body["view"]["blocks"][1]["text"]["text"] == token
    await ada.closes()

    modal = await opens_tokens(world, ada)
    assert "Mondays: tickets:read" in modal.says
    assert "never used" in modal.says
    await ada.clicks(modal, "Revoke")
    await world.slack.until(lambda: ada.modal and "There are no tokens" in ada.modal.says)
    acts = [act["what"] for act in await world.documents("audit")]
    assert sorted(acts) == ["issued token", "revoked token"]
