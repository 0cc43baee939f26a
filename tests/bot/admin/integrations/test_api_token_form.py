"""The form for a token: what is shown, what is read, what is refused; and the log of acts."""

from datetime import timedelta
from typing import Any

import pytest

from bot.admin.integrations import api_token_form
from bot.admin.reports import audit_log_view
from models.access.api_token import ApiToken, Scope
from models.access.audit_entry import AuditEntry
from models.clock import utc_now
from models.errors import InvalidInput
from models.people.member import Member, Role
from sandbox.slack.blockkit import check_view

USER = Member(team_id="T1", slack_id="UADA")
ADMIN = USER.model_copy(update={"role": Role.ADMIN})
HOSTILE = "&<>\"'`*_~ <!channel> <@U1> 🔥👩‍💻 "


def sent(
    name: str | None = "nightly", scopes: tuple[str, ...] = ("tickets:read",), life: str = "7d"
) -> dict[str, Any]:
    """The form as Slack sends it back."""
    return {
        "state": {
            "values": {
                "name": {"value": {"value": name}},
                "scopes": {"value": {"selected_options": [{"value": one} for one in scopes]}},
                "life": {"value": {"selected_option": {"value": life}}},
            }
        }
    }


def issued(number: int = 1, name: str = "nightly") -> ApiToken:
    """The record of a token."""
    return ApiToken(
        id=f"{number:032x}",
        team_id="T1",
        slack_id="UADA",
        name=name,
        scopes=tuple(Scope),
        issued_at=utc_now(),
        expires_at=utc_now() + timedelta(days=90),
        used_at=utc_now(),
    )


def act(**more: Any) -> AuditEntry:
    """A line of the log."""
    usual = {"who": "UADM", "what": "set role", "to": "UADA"}
    return AuditEntry.model_validate({"id": "1", "team_id": "T1", "at": utc_now(), **usual, **more})


def says(view: dict[str, Any]) -> str:
    return "\n".join(block["text"]["text"] for block in view["blocks"] if "text" in block)


def scopes_offered(member: Member) -> list[str]:
    [block] = [
        b for b in api_token_form.render(member, [])["blocks"] if b.get("block_id") == "scopes"
    ]
    return [option["value"] for option in block["element"]["options"]]


def refused(member: Member = USER, **form: Any) -> dict[str, str]:
    """The sentences under the fields of a form that is refused."""
    with pytest.raises(InvalidInput) as error:
        api_token_form.read(sent(**form), member)
    return error.value.fields


def test_only_an_admin_is_offered_what_admins_do_and_gets_it() -> None:
    assert scopes_offered(USER) == ["tickets:read", "tickets:write"]
    assert scopes_offered(ADMIN) == ["tickets:read", "tickets:write", "admin"]
    assert set(refused(scopes=("admin",))) == {"scopes"}
    assert api_token_form.read(sent(scopes=("admin",)), ADMIN).scopes == (Scope.ADMIN,)


def test_what_is_wanted_is_read() -> None:
    wanted = api_token_form.read(sent(name=" nightly\n report\ud83d\x00 "), USER)

    assert wanted == ("nightly report", (Scope.READ,), timedelta(days=7))


def test_thirty_days_are_usual_and_ninety_the_most() -> None:
    [block] = [b for b in api_token_form.render(USER, [])["blocks"] if b.get("block_id") == "life"]
    lives = [option["value"] for option in block["element"]["options"]]

    assert block["element"]["initial_option"]["text"]["text"] == "30 days"
    longest = max(api_token_form.read(sent(life=life), USER).lifetime for life in lives)
    assert longest == timedelta(days=90)


def test_each_field_says_what_is_not_right_with_it() -> None:
    assert set(refused(name=None, scopes=(), life="forever")) == {"name", "scopes", "life"}
    assert "At most 50" in refused(name="x" * 51)["name"]
    assert "what it is for" in refused(name=" -- ")["name"]


@pytest.mark.parametrize("amount", [0, 1, 50, 500])
def test_slack_shows_any_number_of_tokens_and_how_many_it_does_not(amount: int) -> None:
    tokens = [issued(n, name=(HOSTILE * 2)[:50]) for n in range(amount)]
    views = [api_token_form.render(ADMIN, tokens), api_token_form.render_for_admin("UADA", tokens)]

    assert [check_view(view) for view in views] == [[], []]
    assert all(("450 older ones" in says(view)) == (amount == 500) for view in views)


def test_slack_shows_the_token_once_and_how_to_use_it() -> None:
    view = api_token_form.render_new_token(
        "a" * 700, issued(name="<!here>"), public_url="https://desk.example/"
    )

    assert check_view(view) == []
    assert f"```{'a' * 700}```" in says(view)
    assert "shown this once" in says(view)
    assert "Authorization: Bearer" in says(view)
    assert "https://desk.example/api/docs" in says(view)
    assert "<!here>" not in says(view)
    assert "/api/docs" not in says(api_token_form.render_new_token("a", issued(), public_url=None))


def test_slack_shows_what_was_done_however_much_and_whatever() -> None:
    values = {f"field {n}": [HOSTILE * 50] * 30 for n in range(9)}
    hostile = act(what=HOSTILE * 9, to=HOSTILE * 9, via=HOSTILE * 9, before=values, after={})

    for acts in ([], [hostile] * 50, [hostile] * 200):
        assert check_view(audit_log_view.render(acts)) == []
    assert "<!channel>" not in says(audit_log_view.render([hostile]))
    assert "the last 50" in says(audit_log_view.render([hostile] * 51))


def test_an_act_says_what_was_and_is_of_that_which_changed() -> None:
    changed = act(
        before={"role": "user", "skills": ["vpn"], "name": "same"},
        after={"role": "admin", "skills": [], "name": "same"},
    )
    by_desk = act(who="", what="changed account", via="Slack profile", after={"from": "UOLD"})

    first, second = (
        block["text"]["text"] for block in audit_log_view.render([changed, by_desk])["blocks"]
    )

    assert "<@UADM> set role, <@UADA>\nrole: user → admin; skills: vpn → none" in first
    assert "name" not in first
    assert "Frontdesk changed account, <@UADA> (by Slack profile)\nfrom: <@UOLD>" in second
