"""People over the API: who calls, who helps, what the desk knows, and what was done."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bot.api.caller import Admin, Reader, TheDesk, Writer
from bot.api.problems import Told, answers
from bot.api.shapes import ActOut, MeOut, PersonOut, TokenOut

router = APIRouter(tags=["people"])
TokenId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


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


@router.delete("/me/tokens/{token_id}", responses=answers())
async def revoke_token(desk: TheDesk, caller: Writer, token_id: TokenId) -> TokenOut:
    """Have a token count no more: one's own, or as an admin anybody's."""
    issued = await desk.accounts.revoke(token_id, by=caller.member)
    await desk.accounts.note(
        caller.member,
        "revoked token",
        issued.id,
        before={"name": issued.name},
        via=f"token {caller.token_id}",
        key=f"revoked:{issued.id}",
    )
    return TokenOut.of(issued)


@router.get("/people", responses=answers())
async def people(desk: TheDesk, caller: Reader) -> list[PersonOut]:
    """Who moderates or administers the desk, with their skills; for those who do so themselves."""
    if not caller.member.moderates:
        raise Told(HTTPStatus.FORBIDDEN, "Only moderators and admins may see this.")
    return [PersonOut.of(one) for one in await desk.store.moderators(caller.member.team_id)]


@router.get("/skills", responses=answers())
async def skills(desk: TheDesk, caller: Reader) -> list[str]:
    """The skills that the desk knows."""
    configuration = await desk.store.configuration(caller.member.team_id)
    return list(configuration.vocabulary.names)


@router.get("/audit", responses=answers())
async def audit(
    desk: TheDesk, caller: Admin, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[ActOut]:
    """What was done with accounts, settings and tickets, the newest first."""
    acts = await desk.accounts.acts(caller.member.team_id, limit=limit)
    return [ActOut.of(act) for act in acts]
