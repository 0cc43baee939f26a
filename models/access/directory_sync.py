"""Who people are, as Slack says it: profiles, accounts that come and go, and the user group.

Slack says it by events, late, twice or in the wrong order, and when it is asked; whatever comes,
the newest is kept, and hearing a thing again changes nothing.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.access.audit_log import AuditLog
from models.access.token_store import ApiTokenStore
from models.clock import utc_now as clock
from models.errors import ExternalServiceError, PermanentFailure, TargetGone
from models.messages.slack_client import SlackClient
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Member, Profile, Role
from models.people.store import MemberStore

# People change their names and addresses, but seldom; and mostly Slack tells us.
MAX_PROFILE_AGE = timedelta(hours=12)
_MAX_CONCURRENT_LOOKUPS = 2
_MAX_GROUP_AGE = timedelta(minutes=5)
log = logging.getLogger(__name__)


class DirectorySync:
    """Keeps members as Slack has them."""

    def __init__(
        self,
        members: MemberStore,
        slack: SlackClient,
        api_tokens: ApiTokenStore,
        audit_log: AuditLog,
        guest_policies: GuestPolicyStore,
    ) -> None:
        self._guest_policies = guest_policies
        self._members = members
        self._slack = slack
        self._api_tokens = api_tokens
        self._audit_log = audit_log
        self._lookups_in_flight = 0
        self._group_cache: dict[str, tuple[datetime, frozenset[str]]] = {}

    @property
    def is_overloaded(self) -> bool:
        """Whether so many are being asked about that another may wait until a worker asks."""
        return self._lookups_in_flight >= _MAX_CONCURRENT_LOOKUPS

    async def is_in_group(self, slack_id: str, group_id: str) -> bool:
        """Whether a person is in a user group of Slack's, which is asked once in five minutes.

        Raises:
            OutsideError: Slack could not say, and never has.
        """
        asked_at, members = self._group_cache.get(group_id, (None, frozenset[str]()))
        if asked_at is None or clock() - asked_at > _MAX_GROUP_AGE:
            try:
                members = await self._fetch_group_members(group_id)
            except ExternalServiceError:
                if asked_at is None:
                    raise
            self._group_cache[group_id] = (clock(), members)
        return slack_id in members

    async def member_with_profile(self, team_id: str, slack_id: str) -> Member:
        """The member, with name, e-mail and time zone; asks Slack for them once in half a day.

        Raises:
            OutsideError: Slack could not say, and never has.
        """
        self._lookups_in_flight += 1
        try:
            return await self._load_member_with_profile(team_id, slack_id)
        finally:
            self._lookups_in_flight -= 1

    async def _load_member_with_profile(self, team_id: str, slack_id: str) -> Member:
        member = await self._members.get_or_create_member(team_id, slack_id)
        if member.profiled_at and clock() - member.profiled_at < MAX_PROFILE_AGE:
            return member
        try:
            profile = await self._slack.profile(slack_id, team_id=team_id)
        except ExternalServiceError:
            if member.profiled_at:
                return member
            raise
        return await self._store_profile(member, profile)

    async def apply_profile(self, team_id: str, slack_user: Mapping[str, Any]) -> bool:
        """Note what Slack says of a person; whether they may hold tickets no more.

        Of those who never had to do with the desk nothing is kept, but that they are somebody
        whom the desk knew by an earlier account.
        """
        profile = Profile.from_slack_user(slack_user, team_id=team_id)
        before = await self._members.find_member(team_id, slack_user["id"])
        if before is None and not await self._find_earlier_accounts(team_id, profile):
            return False
        before = before or await self._members.get_or_create_member(team_id, slack_user["id"])
        after = await self._store_profile(before, profile)
        if (
            before.can_administer
            and not after.can_administer
            and not await self._list_admins(team_id)
        ):
            log.warning("no admin is left: an owner of the workspace becomes one, by /ticket admin")
        return before.can_moderate and not after.can_moderate

    async def promote_owner(self, member: Member) -> Member:
        """The member; an owner of the workspace becomes an admin where there is none any more.

        Raises:
            OutsideError: Slack could not say whether they own it.
        """
        if await self._list_admins(member.team_id):
            return member
        profile = await self._slack.profile(member.slack_id, team_id=member.team_id)
        if not profile.is_owner or not profile.active:
            return member
        after = await self._members.set_role(member.team_id, member.slack_id, role=Role.ADMIN)
        await self._audit_account_change(
            member, after, via="owner of the workspace, without any admin"
        )
        return after

    async def promote_configured_admin(self, team_id: str, slack_id: str) -> None:
        """Make somebody an admin whom the settings name."""
        before = await self._members.get_or_create_member(team_id, slack_id)
        after = await self._members.set_role(team_id, slack_id, role=Role.ADMIN)
        await self._audit_account_change(before, after, via="ADMIN_SLACK_IDS")

    async def sync_moderator_group(self, team_id: str) -> bool:
        """Make those in the user group moderators, and no others by it; whether some lost it.

        Which group that is, and who is in it, is read again until what was done is what they say:
        of two who follow it at once, the one who had read less comes to the same.

        Raises:
            OutsideError: Slack could not say who is in it.
        """
        lost, done = False, None
        while (said := await self._fetch_moderator_group(team_id)) != done:
            group, ids = said
            via = f"user group {group}" if group else "no user group"
            for slack_id in sorted(ids):
                await self._add_group_moderator(team_id, slack_id, via=via)
            for member in await self._members.group_moderators(team_id):
                if member.slack_id not in ids:
                    await self._set_group_role(member, is_in_group=False, via=via)
                    lost = True
            done = said
        return lost

    async def _fetch_moderator_group(self, team_id: str) -> tuple[str, frozenset[str]]:
        """The user group that makes moderators, if there is one, and who is in it."""
        group = (await self._guest_policies.load(team_id)).moderators
        return group, await self._fetch_group_members(group) if group else frozenset()

    async def _fetch_group_members(self, group_id: str) -> frozenset[str]:
        try:
            return await self._slack.user_group_members(group_id)
        except TargetGone as gone:
            log.warning("nobody is in the user group %s: %s", group_id, gone)
            return frozenset()

    async def _add_group_moderator(self, team_id: str, slack_id: str, *, via: str) -> None:
        try:
            member = await self.member_with_profile(team_id, slack_id)
        except PermanentFailure as refused:
            log.warning("%s of the user group gets no role: %s", slack_id, refused)
            return
        if member.active and not member.guest and member.role is Role.USER:
            await self._set_group_role(member, is_in_group=True, via=via)

    async def _set_group_role(self, member: Member, *, is_in_group: bool, via: str) -> None:
        if await self._members.set_role_by_group(member, in_group=is_in_group):
            after = await self._members.get_or_create_member(member.team_id, member.slack_id)
            await self._audit_account_change(member, after, via=via)

    async def _store_profile(self, member: Member, profile: Profile) -> Member:
        """Note a profile; who is seen for the first time takes over from an earlier account."""
        before = member
        if member.profiled_at is None and not member.appointed:
            before = await self._inherit_earlier_account(member, profile)
        after = await self._members.set_profile(member, profile, profiled_at=clock())
        if not after.active:
            # Who comes back gets new ones: nobody knows where the old ones lie by then.
            await self._api_tokens.revoke_all_tokens(after)
        await self._audit_account_change(before, after, via="Slack profile")
        return after

    async def _inherit_earlier_account(self, member: Member, profile: Profile) -> Member:
        """Give the role and the skills of an earlier account, which then has none any more.

        Whatever happens in between, it is done again until the profile is noted.
        """
        for old in (await self._find_earlier_accounts(member.team_id, profile))[:1]:
            # Who is in the user group is there by this account, or is not.
            role = Role.USER if old.by_group else old.role
            team_id = member.team_id
            heir = await self._members.set_role(
                team_id, member.slack_id, role=role, skills=old.skills
            )
            await self._members.update_member(team_id, member.slack_id, trusted=old.trusted)
            await self._audit_log.record(
                _system_actor(team_id),
                "took over role and skills",
                member.slack_id,
                before={"from": old.slack_id},
                after={"role": role.value, "skills": list(old.skills)},
                via="same e-mail",
                idempotency_key=f"took over:{old.slack_id}:{member.slack_id}",
            )
            await self._members.set_role(team_id, old.slack_id, role=Role.USER, skills=())
            await self._members.update_member(team_id, old.slack_id, trusted=False)
            return heir
        return member

    async def _find_earlier_accounts(self, team_id: str, profile: Profile) -> list[Member]:
        """Deactivated accounts with the same address, and with something to take over."""
        # An address that nobody has confirmed may be anybody's.
        if not (profile.email and profile.email_confirmed and profile.active) or profile.guest:
            return []
        gone = await self._members.deactivated_with_email(team_id, profile.email)
        return [old for old in gone if old.role is not Role.USER or old.skills]

    async def _list_admins(self, team_id: str) -> list[Member]:
        return [one for one in await self._members.moderators(team_id) if one.can_administer]

    async def _audit_account_change(self, before: Member, after: Member, *, via: str) -> None:
        """Write down what has become of an account, if anything has."""
        was, is_ = ({"role": one.role.value, "active": one.active} for one in (before, after))
        if was != is_:
            by, to = _system_actor(after.team_id), after.slack_id
            await self._audit_log.record(by, "changed account", to, before=was, after=is_, via=via)


def _system_actor(team_id: str) -> Member:
    """The desk itself, which does what nobody has asked for."""
    return Member(team_id=team_id, slack_id="")
