"""Who people are, as Slack says it: profiles, accounts that come and go, and the user group.

Slack says it by events, late, twice or in the wrong order, and when it is asked; whatever comes,
the newest is kept, and hearing a thing again changes nothing.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.accounts import Accounts
from models.clock import now as clock
from models.errors import Gone, OutsideError, Refused
from models.member import Member, Profile, Role
from models.slack import Slack
from models.store import Store
from models.welcomes import Welcomes

# People change their names and addresses, but seldom; and mostly Slack tells us.
PROFILE_HOLDS = timedelta(hours=12)
_CROWD = 2
_GROUP_HOLDS = timedelta(minutes=5)
log = logging.getLogger(__name__)


class People:
    """Keeps members as Slack has them."""

    def __init__(self, store: Store, slack: Slack, accounts: Accounts, welcomes: Welcomes) -> None:
        self._welcomes = welcomes
        self._store = store
        self._slack = slack
        self._accounts = accounts
        self._asking = 0
        self._groups: dict[str, tuple[datetime, frozenset[str]]] = {}

    @property
    def crowded(self) -> bool:
        """Whether so many are being asked about that another may wait until a worker asks."""
        return self._asking >= _CROWD

    async def is_in_group(self, slack_id: str, group: str) -> bool:
        """Whether a person is in a user group of Slack's, which is asked once in five minutes.

        Raises:
            OutsideError: Slack could not say, and never has.
        """
        asked_at, members = self._groups.get(group, (None, frozenset[str]()))
        if asked_at is None or clock() - asked_at > _GROUP_HOLDS:
            try:
                members = await self._in_group(group)
            except OutsideError:
                if asked_at is None:
                    raise
            self._groups[group] = (clock(), members)
        return slack_id in members

    async def acquainted(self, team_id: str, slack_id: str) -> Member:
        """The member, with name, e-mail and time zone; asks Slack for them once in half a day.

        Raises:
            OutsideError: Slack could not say, and never has.
        """
        self._asking += 1
        try:
            return await self._acquainted(team_id, slack_id)
        finally:
            self._asking -= 1

    async def _acquainted(self, team_id: str, slack_id: str) -> Member:
        member = await self._store.member(team_id, slack_id)
        if member.profiled_at and clock() - member.profiled_at < PROFILE_HOLDS:
            return member
        try:
            profile = await self._slack.profile(slack_id, team_id=team_id)
        except OutsideError:
            if member.profiled_at:
                return member
            raise
        return await self._learn(member, profile)

    async def heard(self, team_id: str, user: Mapping[str, Any]) -> bool:
        """Note what Slack says of a person; whether they may hold tickets no more.

        Of those who never had to do with the desk nothing is kept, but that they are somebody
        whom the desk knew by an earlier account.
        """
        profile = Profile.read(user, team_id=team_id)
        before = await self._store.known(team_id, user["id"])
        if before is None and not await self._earlier(team_id, profile):
            return False
        before = before or await self._store.member(team_id, user["id"])
        after = await self._learn(before, profile)
        if before.administers and not after.administers and not await self._admins(team_id):
            log.warning("no admin is left: an owner of the workspace becomes one, by /ticket admin")
        return before.moderates and not after.moderates

    async def rescued(self, member: Member) -> Member:
        """The member; an owner of the workspace becomes an admin where there is none any more.

        Raises:
            OutsideError: Slack could not say whether they own it.
        """
        if await self._admins(member.team_id):
            return member
        profile = await self._slack.profile(member.slack_id, team_id=member.team_id)
        if not profile.owner or not profile.active:
            return member
        after = await self._store.set_role(member.team_id, member.slack_id, role=Role.ADMIN)
        await self._noted(member, after, via="owner of the workspace, without any admin")
        return after

    async def name_admin(self, team_id: str, slack_id: str) -> None:
        """Make somebody an admin whom the settings name."""
        before = await self._store.member(team_id, slack_id)
        after = await self._store.set_role(team_id, slack_id, role=Role.ADMIN)
        await self._noted(before, after, via="ADMIN_SLACK_IDS")

    async def follow_group(self, team_id: str) -> bool:
        """Make those in the user group moderators, and no others by it; whether some lost it.

        Which group that is, and who is in it, is read again until what was done is what they say:
        of two who follow it at once, the one who had read less comes to the same.

        Raises:
            OutsideError: Slack could not say who is in it.
        """
        lost, done = False, None
        while (said := await self._group(team_id)) != done:
            group, ids = said
            via = f"user group {group}" if group else "no user group"
            for slack_id in sorted(ids):
                await self._join(team_id, slack_id, via=via)
            for member in await self._store.members_by_group(team_id):
                if member.slack_id not in ids:
                    await self._set_by_group(member, joins=False, via=via)
                    lost = True
            done = said
        return lost

    async def _group(self, team_id: str) -> tuple[str, frozenset[str]]:
        """The user group that makes moderators, if there is one, and who is in it."""
        group = (await self._welcomes.of(team_id)).moderators
        return group, await self._in_group(group) if group else frozenset()

    async def _in_group(self, group: str) -> frozenset[str]:
        try:
            return await self._slack.group_members(group)
        except Gone as gone:
            log.warning("nobody is in the user group %s: %s", group, gone)
            return frozenset()

    async def _join(self, team_id: str, slack_id: str, *, via: str) -> None:
        try:
            member = await self.acquainted(team_id, slack_id)
        except Refused as refused:
            log.warning("%s of the user group gets no role: %s", slack_id, refused)
            return
        if member.active and not member.guest and member.role is Role.USER:
            await self._set_by_group(member, joins=True, via=via)

    async def _set_by_group(self, member: Member, *, joins: bool, via: str) -> None:
        if await self._store.set_by_group(member, joins=joins):
            after = await self._store.member(member.team_id, member.slack_id)
            await self._noted(member, after, via=via)

    async def _learn(self, member: Member, profile: Profile) -> Member:
        """Note a profile; who is seen for the first time takes over from an earlier account."""
        before = member
        if member.profiled_at is None and not member.appointed:
            before = await self._take_over(member, profile)
        after = await self._store.set_profile(member, profile, at=clock())
        if not after.active:
            # Who comes back gets new ones: nobody knows where the old ones lie by then.
            await self._accounts.revoke_all(after)
        await self._noted(before, after, via="Slack profile")
        return after

    async def _take_over(self, member: Member, profile: Profile) -> Member:
        """Give the role and the skills of an earlier account, which then has none any more.

        Whatever happens in between, it is done again until the profile is noted.
        """
        for old in (await self._earlier(member.team_id, profile))[:1]:
            # Who is in the user group is there by this account, or is not.
            role = Role.USER if old.by_group else old.role
            team_id = member.team_id
            heir = await self._store.set_role(
                team_id, member.slack_id, role=role, skills=old.skills
            )
            await self._store.note(team_id, member.slack_id, trusted=old.trusted)
            await self._accounts.note(
                _desk(team_id),
                "took over role and skills",
                member.slack_id,
                before={"from": old.slack_id},
                after={"role": role.value, "skills": list(old.skills)},
                via="same e-mail",
                key=f"took over:{old.slack_id}:{member.slack_id}",
            )
            await self._store.set_role(team_id, old.slack_id, role=Role.USER, skills=())
            await self._store.note(team_id, old.slack_id, trusted=False)
            return heir
        return member

    async def _earlier(self, team_id: str, profile: Profile) -> list[Member]:
        """Deactivated accounts with the same address, and with something to take over."""
        # An address that nobody has confirmed may be anybody's.
        if not (profile.email and profile.confirmed and profile.active) or profile.guest:
            return []
        gone = await self._store.gone_with(team_id, profile.email)
        return [old for old in gone if old.role is not Role.USER or old.skills]

    async def _admins(self, team_id: str) -> list[Member]:
        return [one for one in await self._store.moderators(team_id) if one.administers]

    async def _noted(self, before: Member, after: Member, *, via: str) -> None:
        """Write down what has become of an account, if anything has."""
        was, is_ = ({"role": one.role.value, "active": one.active} for one in (before, after))
        if was != is_:
            by, to = _desk(after.team_id), after.slack_id
            await self._accounts.note(by, "changed account", to, before=was, after=is_, via=via)


def _desk(team_id: str) -> Member:
    """The desk itself, which does what nobody has asked for."""
    return Member(team_id=team_id, slack_id="")
