"""The API token form and the audit log page: contents, submitted values and errors."""

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


def submitted(
    name: str | None = "nightly", scopes: tuple[str, ...] = ("tickets:read",), life: str = "7d"
) -> dict[str, Any]:
    """The form as Slack submits it."""
    return {
        "state": {
            "values": {
                "name": {"value": {"value": name}},
                "scopes": {"value": {"selected_options": [{"value": scope} for scope in scopes]}},
                "life": {"value": {"selected_option": {"value": life}}},
            }
        }
    }


def api_token(number: int = 1, name: str = "nightly") -> ApiToken:
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


def audit_entry(**fields: Any) -> AuditEntry:
    defaults = {"who": "UADM", "what": "set role", "to": "UADA"}
    return AuditEntry.model_validate(
        {"id": "1", "team_id": "T1", "at": utc_now(), **defaults, **fields}
    )


def texts_of(view: dict[str, Any]) -> str:
    return "\n".join(block["text"]["text"] for block in view["blocks"] if "text" in block)


def offered_scopes(member: Member) -> list[str]:
    options = element_of(member, "scopes")["options"]
    return [option["value"] for option in options]


def element_of(member: Member, block_id: str) -> dict[str, Any]:
    [element] = [
        block["element"]
        for block in api_token_form.render(member, [])["blocks"]
        if block.get("block_id") == block_id
    ]
    return dict(element)


def errors_of(member: Member = USER, **form: Any) -> dict[str, str]:
    """The errors by field of a form that is refused."""
    with pytest.raises(InvalidInput) as error:
        api_token_form.read(submitted(**form), member)
    return error.value.fields


def test_admin_scope_is_for_admins_only() -> None:
    assert offered_scopes(USER) == ["tickets:read", "tickets:write"]
    assert offered_scopes(ADMIN) == ["tickets:read", "tickets:write", "admin"]
    assert set(errors_of(scopes=("admin",))) == {"scopes"}
    assert api_token_form.read(submitted(scopes=("admin",)), ADMIN).scopes == (Scope.ADMIN,)


def test_submitted_values_are_cleaned() -> None:
    token_input = api_token_form.read(submitted(name=" nightly\n report\ud83d\x00 "), USER)

    assert token_input == ("nightly report", (Scope.READ,), timedelta(days=7))


def test_lifetime_is_30_days_by_default_and_90_at_most() -> None:
    menu = element_of(USER, "life")
    values = [option["value"] for option in menu["options"]]

    assert menu["initial_option"]["text"]["text"] == "30 days"
    longest = max(api_token_form.read(submitted(life=life), USER).lifetime for life in values)
    assert longest == timedelta(days=90)


def test_each_invalid_field_has_its_error() -> None:
    assert set(errors_of(name=None, scopes=(), life="forever")) == {"name", "scopes", "life"}
    assert "At most 50" in errors_of(name="x" * 51)["name"]
    assert "what the token is for" in errors_of(name=" -- ")["name"]


@pytest.mark.parametrize("amount", [0, 1, 50, 500])
def test_page_fits_any_number_of_tokens_and_counts_the_hidden_ones(amount: int) -> None:
    tokens = [api_token(n, name=(HOSTILE * 2)[:50]) for n in range(amount)]
    views = [api_token_form.render(ADMIN, tokens), api_token_form.render_for_admin("UADA", tokens)]

    assert [check_view(view) for view in views] == [[], []]
    assert all(("450 older tokens" in texts_of(view)) == (amount == 500) for view in views)


def test_new_token_is_shown_with_its_usage() -> None:
    view = api_token_form.render_new_token(
        "a" * 700, api_token(name="<!here>"), public_url="https://desk.example/"
    )

    assert check_view(view) == []
    assert f"```{'a' * 700}```" in texts_of(view)
    assert "shown only once" in texts_of(view)
    assert "Authorization: Bearer" in texts_of(view)
    assert "https://desk.example/api/docs" in texts_of(view)
    assert "<!here>" not in texts_of(view)
    assert "/api/docs" not in texts_of(
        api_token_form.render_new_token("a", api_token(), public_url=None)
    )


def test_audit_log_page_fits_any_entries() -> None:
    values = {f"field {n}": [HOSTILE * 50] * 30 for n in range(9)}
    hostile = audit_entry(
        what=HOSTILE * 9, to=HOSTILE * 9, via=HOSTILE * 9, before=values, after={}
    )

    for entries in ([], [hostile] * 50, [hostile] * 200):
        assert check_view(audit_log_view.render(entries)) == []
    assert "<!channel>" not in texts_of(audit_log_view.render([hostile]))
    assert "the newest 50" in texts_of(audit_log_view.render([hostile] * 51))


def test_audit_entry_shows_changed_values_only() -> None:
    by_admin = audit_entry(
        before={"role": "user", "skills": ["vpn"], "name": "same"},
        after={"role": "admin", "skills": [], "name": "same"},
    )
    by_frontdesk = audit_entry(
        who="", what="changed account", via="Slack profile", after={"from": "UOLD"}
    )

    first, second = (
        block["text"]["text"] for block in audit_log_view.render([by_admin, by_frontdesk])["blocks"]
    )

    assert "<@UADM> changed member, <@UADA>\nrole: user → admin; skills: vpn → none" in first
    assert "name" not in first
    assert "Frontdesk changed account, <@UADA> (by Slack profile)\nfrom: <@UOLD>" in second


def test_audit_log_shows_labels_instead_of_stored_names() -> None:
    retry = audit_entry(what="tried again", to="tell_admins", after={"tickets": ["T-1"]})
    member = audit_entry(
        before={"away_until": None, "capacity": None, "trusted": False},
        after={"away_until": "2029-12-31T23:00:00Z", "capacity": 5, "trusted": True},
    )
    webhook = audit_entry(what="added webhook", to="W", after={"url": "U", "events": []})

    text = texts_of(audit_log_view.render([retry, member, webhook]))

    assert "retried failed steps, the alert to the admins" in text
    assert "out of office until: none → <!date^1893452400^" in text
    assert "maximum open tickets: none → 5; may see confidential tickets: no → yes" in text
    assert "URL: U; events: all events" in text
