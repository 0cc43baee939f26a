"""People over the API: who calls, who helps, what the desk knows, and what was done."""

from contextlib import suppress
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from bot.api.caller import Admin, Reader, TheDesk, Writer
from bot.api.people_shapes import PeoplePage, PersonForAdmins, PersonIn, SkillOut
from bot.api.problems import Told, answers
from bot.api.shapes import ActOut, ActsPage, ETag, MeOut, PersonOut, SlackId, TokenOut
from models.account import Scope
from models.accounts import Caller
from models.appointing import DECIDED, appoint
from models.desk import Desk
from models.errors import InvalidDraft, NoSuchToken, Unavailable
from models.member import Member

router = APIRouter(tags=["people"])
TokenId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_NEXT = "`next` of a page"
Cursor = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description=_NEXT)]
Limit = Annotated[int, Query(ge=1, le=200)]
_MISSING = answers(HTTPStatus.NOT_FOUND)


@router.get("/me", responses=answers())
async def me(desk: TheDesk, caller: Reader) -> MeOut:
    """Who calls, what this token opens now, and the tokens they have."""
    member = caller.member
    issued = await desk.accounts.issued_to(member.team_id, member.slack_id)
    return MeOut(
        person=PersonOut.of(member),
        scopes=tuple(sorted(caller.scopes)),
        tokens=tuple(map(TokenOut.of, issued)),
    )


@router.delete("/me/tokens/{token_id}", responses=_MISSING)
async def revoke_token(desk: TheDesk, caller: Writer, token_id: TokenId) -> TokenOut:
    """Have a token count no more: one's own, or with the scope `admin` anybody's."""
    own = Scope.ADMIN not in caller.scopes
    try:
        issued = await desk.accounts.revoke(token_id, by=caller.member, own=own)
    except NoSuchToken:
        # Not the one that calls: that one counts.
        raise Told(HTTPStatus.NOT_FOUND, "There is no such token.") from None
    await desk.accounts.note(
        caller.member,
        "revoked token",
        issued.slack_id,
        before=issued.said(),
        via=f"token {caller.token_id}",
        key=f"revoked:{issued.id}",
    )
    return TokenOut.of(issued)


@router.get("/people", responses=answers())
async def people(
    *, desk: TheDesk, caller: Reader, cursor: Cursor = "", limit: Limit = 100
) -> PeoplePage:
    """Who moderates or administers the desk, by their Slack ids; for those who do so themselves.

    With the scope `admin` it is everybody whom the desk knows.
    """
    member, everybody = caller.member, Scope.ADMIN in caller.scopes
    if not member.moderates:
        raise Told(HTTPStatus.FORBIDDEN, "Only moderators and admins may see this.")
    found = await desk.search.people(member.team_id, after=cursor, limit=limit, users=everybody)
    last = found[-1].slack_id if len(found) == limit else None
    return PeoplePage(people=tuple(map(PersonOut.of, found)), next=last)


@router.get("/people/{slack_id}", responses=_MISSING)
async def person(
    desk: TheDesk, caller: Admin, slack_id: SlackId, response: Response
) -> PersonForAdmins:
    """All that an admin decides about a person."""
    return _shown(await _known(desk, caller, slack_id), response)


@router.patch(
    "/people/{slack_id}",
    responses=answers(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
)
async def change_person(
    *,
    desk: TheDesk,
    caller: Admin,
    slack_id: SlackId,
    wanted: PersonIn,
    response: Response,
    if_match: ETag = "",
) -> PersonForAdmins:
    """Give a person a role, skills and the rest; what is not named stays as it is."""
    before = await _known(desk, caller, slack_id)
    if if_match and if_match.removeprefix("W/") != _etag(before):
        raise Told(HTTPStatus.PRECONDITION_FAILED, "The person has changed in the meantime.")
    changes = wanted.model_dump(exclude_unset=True)
    if "skills" in changes:
        changes["skills"] = await _skills(desk, before.team_id, wanted.skills)
    try:
        after = await appoint(desk, caller.member, before, changes, via=f"token {caller.token_id}")
    except InvalidDraft as refused:
        # What is asked makes sense, but not of this person as they are.
        raise Told(HTTPStatus.CONFLICT, str(refused)) from refused
    if before.moderates and not after.moderates:
        # The worker looks every minute, should it not come to this.
        with suppress(Unavailable):
            await desk.take_back_orphans(after.team_id)
    return _shown(after, response)


@router.get("/people/{slack_id}/tokens", responses=_MISSING)
async def tokens_of(desk: TheDesk, caller: Admin, slack_id: SlackId) -> list[TokenOut]:
    """The tokens of a person that count; they are revoked like one's own."""
    member = await _known(desk, caller, slack_id)
    issued = await desk.accounts.issued_to(member.team_id, member.slack_id)
    return list(map(TokenOut.of, issued))


async def _known(desk: Desk, caller: Caller, slack_id: str) -> Member:
    member = await desk.store.known(caller.member.team_id, slack_id)
    if member is None:
        raise Told(HTTPStatus.NOT_FOUND, "The desk knows nobody of that id.")
    return member


async def _skills(desk: Desk, team_id: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The skills by the names that the desk has for them."""
    vocabulary = (await desk.store.configuration(team_id)).vocabulary
    known = {name: vocabulary.canonical(name) for name in names}
    if unknown := [name for name, skill in known.items() if skill is None]:
        raise InvalidDraft({"skills": f"The desk has no such skills: {', '.join(unknown)}."})
    return tuple(dict.fromkeys(filter(None, known.values())))


def _shown(member: Member, response: Response) -> PersonForAdmins:
    response.headers["ETag"] = _etag(member)
    return PersonForAdmins.of(member)


def _etag(member: Member) -> str:
    """The same for the same decisions."""
    said = member.model_dump_json(include=set(DECIDED))
    return f'"{sha256(said.encode()).hexdigest()[:16]}"'


@router.get("/skills", responses=answers())
async def skills(desk: TheDesk, caller: Reader) -> list[SkillOut]:
    """The skills that the desk knows, with the other words that stand for each."""
    configuration = await desk.store.configuration(caller.member.team_id)
    return [SkillOut.of(one) for one in configuration.skills]


@router.get("/audit", responses=answers())
async def audit(
    *,
    desk: TheDesk,
    caller: Admin,
    cursor: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$", description=_NEXT)] = "",
    limit: Limit = 50,
) -> ActsPage:
    """What was done with accounts, settings and tickets, the newest first."""
    acts = await desk.accounts.acts(caller.member.team_id, limit=limit, before=cursor)
    last = acts[-1].id if len(acts) == limit else None
    return ActsPage(acts=tuple(map(ActOut.of, acts)), next=last)
