"""People over the API: who calls, who helps, what the desk knows, and what was done."""

from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from bot.api.auth import Admin, CurrentService, Reader, Writer
from bot.api.people_schemas import PeoplePage, PersonForAdmins, PersonIn, SkillOut
from bot.api.problems import ApiProblem, documented_errors
from bot.api.schemas import (
    AuditEntriesPage,
    AuditEntryOut,
    ETag,
    MeOut,
    PersonOut,
    SlackId,
    TokenOut,
)
from models.access.api_token import Scope
from models.access.token_store import Caller
from models.admin.members import ADMIN_FIELDS, update_member
from models.errors import DatabaseUnavailable, InvalidInput, InvalidToken
from models.people.member import Member
from models.ticket_service import TicketService

router = APIRouter(tags=["people"])
TokenId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_CURSOR_DESCRIPTION = "`next` of a page"
Cursor = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description=_CURSOR_DESCRIPTION)]
Limit = Annotated[int, Query(ge=1, le=200)]
_NOT_FOUND_RESPONSES = documented_errors(HTTPStatus.NOT_FOUND)


@router.get("/me", responses=documented_errors())
async def me(service: CurrentService, caller: Reader) -> MeOut:
    """Who calls, what this token opens now, and the tokens they have."""
    member = caller.member
    issued = await service.api_tokens.active_tokens(member.team_id, member.slack_id)
    return MeOut(
        person=PersonOut.from_member(member),
        scopes=tuple(sorted(caller.scopes)),
        tokens=tuple(map(TokenOut.from_api_token, issued)),
    )


@router.delete("/me/tokens/{token_id}", responses=_NOT_FOUND_RESPONSES)
async def revoke_token(service: CurrentService, caller: Writer, token_id: TokenId) -> TokenOut:
    """Have a token count no more: one's own, or with the scope `admin` anybody's."""
    own = Scope.ADMIN not in caller.scopes
    try:
        issued = await service.api_tokens.revoke_token(token_id, by=caller.member, own_only=own)
    except InvalidToken:
        # Not the one that calls: that one counts.
        raise ApiProblem(HTTPStatus.NOT_FOUND, "There is no such token.") from None
    await service.audit_log.record(
        caller.member,
        "revoked token",
        issued.slack_id,
        before=issued.audit_fields(),
        via=f"token {caller.token_id}",
        idempotency_key=f"revoked:{issued.id}",
    )
    return TokenOut.from_api_token(issued)


@router.get("/people", responses=documented_errors())
async def people(
    *, service: CurrentService, caller: Reader, cursor: Cursor = "", limit: Limit = 100
) -> PeoplePage:
    """Who moderates or administers the desk, by their Slack ids; for those who do so themselves.

    With the scope `admin` it is everybody whom the desk knows.
    """
    member, everybody = caller.member, Scope.ADMIN in caller.scopes
    if not member.can_moderate:
        raise ApiProblem(HTTPStatus.FORBIDDEN, "Only moderators and admins may see this.")
    found = await service.search.members(
        member.team_id, after_slack_id=cursor, limit=limit, include_users=everybody
    )
    last = found[-1].slack_id if len(found) == limit else None
    return PeoplePage(people=tuple(map(PersonOut.from_member, found)), next=last)


@router.get("/people/{slack_id}", responses=_NOT_FOUND_RESPONSES)
async def person(
    service: CurrentService, caller: Admin, slack_id: SlackId, response: Response
) -> PersonForAdmins:
    """All that an admin decides about a person."""
    return _to_response(await _get_member(service, caller, slack_id), response)


@router.patch(
    "/people/{slack_id}",
    responses=documented_errors(
        HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED
    ),
)
async def change_person(
    *,
    service: CurrentService,
    caller: Admin,
    slack_id: SlackId,
    wanted: PersonIn,
    response: Response,
    if_match: ETag = "",
) -> PersonForAdmins:
    """Give a person a role, skills and the rest; what is not named stays as it is."""
    before = await _get_member(service, caller, slack_id)
    if if_match and if_match.removeprefix("W/") != _etag(before):
        raise ApiProblem(HTTPStatus.PRECONDITION_FAILED, "The person has changed in the meantime.")
    changes = wanted.model_dump(exclude_unset=True)
    if "skills" in changes:
        changes["skills"] = await _canonical_skills(service, before.team_id, wanted.skills)
    try:
        after = await update_member(
            service, caller.member, before, changes, via=f"token {caller.token_id}"
        )
    except InvalidInput as refused:
        # What is asked makes sense, but not of this person as they are.
        raise ApiProblem(HTTPStatus.CONFLICT, str(refused)) from refused
    if before.can_moderate and not after.can_moderate:
        # The worker looks every minute, should it not come to this.
        with suppress(DatabaseUnavailable):
            await service.reassign_orphaned_tickets(after.team_id)
    return _to_response(after, response)


@router.get("/people/{slack_id}/tokens", responses=_NOT_FOUND_RESPONSES)
async def tokens_of(service: CurrentService, caller: Admin, slack_id: SlackId) -> list[TokenOut]:
    """The tokens of a person that count; they are revoked like one's own."""
    member = await _get_member(service, caller, slack_id)
    issued = await service.api_tokens.active_tokens(member.team_id, member.slack_id)
    return list(map(TokenOut.from_api_token, issued))


async def _get_member(service: TicketService, caller: Caller, slack_id: str) -> Member:
    member = await service.members.find_member(caller.member.team_id, slack_id)
    if member is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, "The desk knows nobody of that id.")
    return member


async def _canonical_skills(
    service: TicketService, team_id: str, names: tuple[str, ...]
) -> tuple[str, ...]:
    """The skills by the names that the desk has for them."""
    vocabulary = (await service.taxonomies.get_taxonomy(team_id)).vocabulary
    known = {name: vocabulary.canonical_name(name) for name in names}
    if unknown := [name for name, skill in known.items() if skill is None]:
        raise InvalidInput({"skills": f"The desk has no such skills: {', '.join(unknown)}."})
    return tuple(dict.fromkeys(filter(None, known.values())))


def _to_response(member: Member, response: Response) -> PersonForAdmins:
    response.headers["ETag"] = _etag(member)
    return PersonForAdmins.from_member(member)


def _etag(member: Member) -> str:
    """The same for the same decisions."""
    said = member.model_dump_json(include=set(ADMIN_FIELDS))
    return f'"{sha256(said.encode()).hexdigest()[:16]}"'


@router.get("/skills", responses=documented_errors())
async def skills(service: CurrentService, caller: Reader) -> list[SkillOut]:
    """The skills that the desk knows, with the other words that stand for each."""
    configuration = await service.taxonomies.get_taxonomy(caller.member.team_id)
    return [SkillOut.from_skill(one) for one in configuration.skills]


@router.get("/audit", responses=documented_errors())
async def audit(
    *,
    service: CurrentService,
    caller: Admin,
    cursor: Annotated[
        str, Query(pattern=r"^([0-9a-f]{32})?$", description=_CURSOR_DESCRIPTION)
    ] = "",
    limit: Limit = 50,
) -> AuditEntriesPage:
    """What was done with accounts, settings and tickets, the newest first."""
    acts = await service.audit_log.entries(caller.member.team_id, limit=limit, before_id=cursor)
    last = acts[-1].id if len(acts) == limit else None
    return AuditEntriesPage(acts=tuple(map(AuditEntryOut.from_audit_entry, acts)), next=last)
