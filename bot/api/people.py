"""Members, their tokens, skills and the audit log, over the API."""

from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from bot.api.auth import Admin, Reader, Writer
from bot.api.dependencies import (
    ApiTokenStoreDep,
    AuditLogDep,
    MemberAdminDep,
    MemberStoreDep,
    OrphanedTicketsDep,
    SearchDep,
    TaxonomyStoreDep,
)
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
from models.errors import DatabaseUnavailable, InvalidInput, InvalidToken
from models.people.member import ADMIN_FIELDS, Member
from models.people.store import MemberStore
from models.triage.taxonomy_store import TaxonomyStore

router = APIRouter(tags=["people"])
TokenId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_CURSOR_DESCRIPTION = "`next` of a page"
Cursor = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description=_CURSOR_DESCRIPTION)]
Limit = Annotated[int, Query(ge=1, le=200)]
_NOT_FOUND_RESPONSES = documented_errors(HTTPStatus.NOT_FOUND)


@router.get("/me", responses=documented_errors())
async def me(caller: Reader, *, api_tokens: ApiTokenStoreDep) -> MeOut:
    """The caller, the scopes of this token, and all valid tokens of the caller."""
    member = caller.member
    tokens = await api_tokens.active_tokens(member.team_id, member.slack_id)
    return MeOut(
        person=PersonOut.from_member(member),
        scopes=tuple(sorted(caller.scopes)),
        tokens=tuple(map(TokenOut.from_api_token, tokens)),
    )


@router.delete("/me/tokens/{token_id}", responses=_NOT_FOUND_RESPONSES)
async def revoke_token(
    caller: Writer, token_id: TokenId, *, audit_log: AuditLogDep, api_tokens: ApiTokenStoreDep
) -> TokenOut:
    """Revoke one of the caller's tokens, or with the scope `admin` any token."""
    own_only = Scope.ADMIN not in caller.scopes
    try:
        token = await api_tokens.revoke_token(token_id, actor=caller.member, own_only=own_only)
    except InvalidToken:
        # 404 instead of 401: the token that makes this call is valid.
        raise ApiProblem(HTTPStatus.NOT_FOUND, "There is no such token.") from None
    await audit_log.record(
        caller.member,
        "revoked token",
        token.slack_id,
        before=token.audit_fields(),
        via=f"token {caller.token_id}",
        idempotency_key=f"revoked:{token.id}",
    )
    return TokenOut.from_api_token(token)


@router.get("/people", responses=documented_errors())
async def people(
    *, search: SearchDep, caller: Reader, cursor: Cursor = "", limit: Limit = 100
) -> PeoplePage:
    """List the moderators and admins by Slack id, for moderators and admins.

    With the scope `admin` all members are listed.
    """
    member, include_users = caller.member, Scope.ADMIN in caller.scopes
    if not member.can_moderate:
        raise ApiProblem(HTTPStatus.FORBIDDEN, "Only moderators and admins may list people.")
    members = await search.members(
        member.team_id, after_slack_id=cursor, limit=limit, include_users=include_users
    )
    next_cursor = members[-1].slack_id if len(members) == limit else None
    return PeoplePage(people=tuple(map(PersonOut.from_member, members)), next=next_cursor)


@router.get("/people/{slack_id}", responses=_NOT_FOUND_RESPONSES)
async def person(
    caller: Admin, slack_id: SlackId, response: Response, *, members: MemberStoreDep
) -> PersonForAdmins:
    """A person, with all fields that an admin can set."""
    return _to_response(await _get_member(caller, slack_id, members=members), response)


@router.patch(
    "/people/{slack_id}",
    responses=documented_errors(
        HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED
    ),
)
async def change_person(
    *,
    members: MemberStoreDep,
    taxonomies: TaxonomyStoreDep,
    orphaned_tickets: OrphanedTicketsDep,
    member_admin: MemberAdminDep,
    caller: Admin,
    slack_id: SlackId,
    wanted: PersonIn,
    response: Response,
    if_match: ETag = "",
) -> PersonForAdmins:
    """Change the fields that an admin can set; omitted fields stay as they are."""
    before = await _get_member(caller, slack_id, members=members)
    if if_match and if_match.removeprefix("W/") != _etag(before):
        raise ApiProblem(
            HTTPStatus.PRECONDITION_FAILED,
            "Nothing was saved: the person has changed since the state in If-Match. "
            "Read the person again.",
        )
    changes = wanted.model_dump(exclude_unset=True)
    if "skills" in changes:
        changes["skills"] = await _canonical_skills(
            before.team_id, wanted.skills, taxonomies=taxonomies
        )
    try:
        after = await member_admin.update_member(
            caller.member, before, changes, via=f"token {caller.token_id}"
        )
    except InvalidInput as error:
        # The values are valid, but this person's current state forbids them.
        raise ApiProblem(HTTPStatus.CONFLICT, str(error)) from error
    if before.can_moderate and not after.can_moderate:
        # If MongoDB is down now, the worker does it within a minute.
        with suppress(DatabaseUnavailable):
            await orphaned_tickets.reassign(after.team_id)
    return _to_response(after, response)


@router.get("/people/{slack_id}/tokens", responses=_NOT_FOUND_RESPONSES)
async def tokens_of(
    caller: Admin, slack_id: SlackId, *, members: MemberStoreDep, api_tokens: ApiTokenStoreDep
) -> list[TokenOut]:
    """The valid tokens of a person; `DELETE /me/tokens/…` revokes them."""
    member = await _get_member(caller, slack_id, members=members)
    tokens = await api_tokens.active_tokens(member.team_id, member.slack_id)
    return list(map(TokenOut.from_api_token, tokens))


async def _get_member(caller: Caller, slack_id: str, *, members: MemberStore) -> Member:
    member = await members.find_member(caller.member.team_id, slack_id)
    if member is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, "There is no member with this id.")
    return member


async def _canonical_skills(
    team_id: str, names: tuple[str, ...], *, taxonomies: TaxonomyStore
) -> tuple[str, ...]:
    """The names of these skills in the taxonomy; raises InvalidInput if one does not exist."""
    vocabulary = (await taxonomies.get_taxonomy(team_id)).vocabulary
    canonical = {name: vocabulary.canonical_name(name) for name in names}
    if unknown := [name for name, skill in canonical.items() if skill is None]:
        raise InvalidInput({"skills": f"These skills do not exist: {', '.join(unknown)}."})
    return tuple(dict.fromkeys(filter(None, canonical.values())))


def _to_response(member: Member, response: Response) -> PersonForAdmins:
    response.headers["ETag"] = _etag(member)
    return PersonForAdmins.from_member(member)


def _etag(member: Member) -> str:
    """The same ETag for the same values of the fields that an admin can set."""
    values = member.model_dump_json(include=set(ADMIN_FIELDS))
    return f'"{sha256(values.encode()).hexdigest()[:16]}"'


@router.get("/skills", responses=documented_errors())
async def skills(caller: Reader, *, taxonomies: TaxonomyStoreDep) -> list[SkillOut]:
    """The skills of the workspace, with their synonyms."""
    taxonomy = await taxonomies.get_taxonomy(caller.member.team_id)
    return [SkillOut.from_skill(one) for one in taxonomy.skills]


@router.get("/audit", responses=documented_errors())
async def audit(
    *,
    audit_log: AuditLogDep,
    caller: Admin,
    cursor: Annotated[
        str, Query(pattern=r"^([0-9a-f]{32})?$", description=_CURSOR_DESCRIPTION)
    ] = "",
    limit: Limit = 50,
) -> AuditEntriesPage:
    """The audit log, newest entry first."""
    entries = await audit_log.entries(caller.member.team_id, limit=limit, before_id=cursor)
    next_cursor = entries[-1].id if len(entries) == limit else None
    acts = tuple(map(AuditEntryOut.from_audit_entry, entries))
    return AuditEntriesPage(acts=acts, next=next_cursor)
