"""Corrections of the triage over the API, and the triage accuracy."""

from typing import Any

import pytest

from models.clock import utc_now
from models.people.member import Role
from models.tickets.actions import Verb
from models.tickets.ticket import Status, Ticket
from tests.bot.api.conftest import ApiClient
from tests.sample_tickets import make_triage


async def offer_ticket(api: ApiClient, to: str) -> Ticket:
    """A ticket of Ada's that is offered to this person."""
    ticket = await api.open_ticket("UADA")
    await api.services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    return await api.services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=to, offers=1
    )


async def test_a_correction_of_an_older_state_is_refused(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UCORRECTS", Role.MODERATOR)
    ticket = await offer_ticket(api, "UOTHER")
    path = f"/tickets/{ticket.id}/correct"
    correction = {"category": "access", "priority": "high", "skills": ["Okta"]}

    async def send_correction(etag: str) -> Any:
        return await api.call(
            "POST", path, token=token, headers={"If-Match": etag}, json=correction
        )

    etags = ('"1"', f'"{ticket.state_version}"', '"2"')
    stale, done, repeated = [await send_correction(etag) for etag in etags]

    assert (stale.status, done.status, repeated.status) == (412, 200, 412)
    body = done.body
    assert (body["category"], body["priority"], body["skills"]) == ("Access", "high", ["okta"])
    assert (body["status"], body["assignee"]) == (Status.OFFERED, "UOTHER")
    assert body["history"][-1]["why"].startswith("category: Network → Access")
    [entry, *_] = await api.services.audit_log.entries("T1")
    assert (entry.who, entry.what, entry.to) == ("UCORRECTS", "corrected", ticket.id)


@pytest.mark.parametrize(
    ("correction", "field"),
    [
        ({"category": "Astrology"}, "category"),
        ({"skills": ["mind reading"]}, "skills"),
        ({"priority": "panic"}, "priority"),
        ({"assignee": "UME"}, "assignee"),
    ],
)
async def test_an_unknown_value_is_refused_with_its_field(
    api: ApiClient, correction: Any, field: str
) -> None:
    _, token = await api.create_member_with_token("UWRONG", Role.MODERATOR)
    ticket = await offer_ticket(api, "UOTHER")

    response = await api.call("POST", f"/tickets/{ticket.id}/correct", token=token, json=correction)

    assert response.status == 422
    assert any(field in name for name in response.body["errors"])
    assert (await api.services.tickets.get_ticket(ticket.id))[
        0
    ].state_version == ticket.state_version


async def test_only_admins_read_the_triage_accuracy(api: ApiClient) -> None:
    _, bobs_token = await api.create_member_with_token("UBOB", Role.MODERATOR)
    _, graces_token = await api.create_member_with_token("UGRACE", Role.ADMIN)
    example = {"category": "Access", "priority": "normal", "skills": [], "at": utc_now()}
    triage = {"category": "Network", "priority": "normal", "skills": [], "engine": "builtin"}
    await api.services.database.lessons.insert_one({"team_id": "T1", "said": triage, **example})

    assert (await api.call("GET", "/triage/accuracy", token=bobs_token)).status == 403
    response = await api.call("GET", "/triage/accuracy", token=graces_token)

    assert response.status == 200
    assert response.body["confusions"] == [{"said": "Network", "is": "Access", "tickets": 1}]
    assert [one["overridden"] for one in response.body["engines"]] == [1]
