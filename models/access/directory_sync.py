"""Keeps members in sync with Slack: profiles, deactivated accounts and the moderator group.

Slack sends changes as events, which may arrive late, twice or out of order, and answers API calls.
The newest profile wins, and applying the same profile twice changes nothing.
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
from models.people.member import Member, Profile, Role
from models.people.store import MemberStore
from models.workspace.settings_store import SettingsStore

# Names and addresses change seldom, and Slack sends an event for most changes.
MAX_PROFILE_AGE = timedelta(hours=12)
_MAX_CONCURRENT_LOOKUPS = 2
_MAX_GROUP_AGE = timedelta(minutes=5)
log = logging.getLogger(__name__)


class DirectorySync:
    """Stores profiles and roles as Slack reports them."""

    def __init__(
        self,
        members: MemberStore,
        slack: SlackClient,
        api_tokens: ApiTokenStore,
        audit_log: AuditLog,
        settings_store: SettingsStore,
    ) -> None:
        self._settings_store = settings_store
        self._members = members
        self._slack = slack
        self._api_tokens = api_tokens
        self._audit_log = audit_log
        self._lookups_in_flight = 0
        self._group_cache: dict[str, tuple[datetime, frozenset[str]]] = {}

    @property
    def is_overloaded(self) -> bool:
        """Whether enough profile look-ups are running; a worker can make the next one later."""
        return self._lookups_in_flight >= _MAX_CONCURRENT_LOOKUPS

    async def is_in_group(self, slack_id: str, group_id: str) -> bool:
        """Whether a person is in a Slack user group; the answer may be five minutes old.

        Raises:
            ExternalServiceError: Slack does not answer, and no earlier answer is cached.
        """
        read_at, members = self._group_cache.get(group_id, (None, frozenset[str]()))
        if read_at is None or clock() - read_at > _MAX_GROUP_AGE:
            try:
                members = await self._fetch_group_members(group_id)
            except ExternalServiceError:
                if read_at is None:
                    raise
            self._group_cache[group_id] = (clock(), members)
        return slack_id in members

    async def member_with_profile(self, team_id: str, slack_id: str) -> Member:
        """The member with name, e-mail and time zone, twelve hours old at most while Slack answers.

        Raises:
            ExternalServiceError: Slack does not answer, and no profile is stored.
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
        """Whether a moderator has become unable to hold tickets; stores the profile.

        People without a member record are not stored, unless they had an earlier account.
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
            log.warning("no admin is left: a workspace owner becomes admin by /ticket admin")
        return before.can_moderate and not after.can_moderate

    async def promote_owner(self, member: Member) -> Member:
        """The member; a workspace owner becomes an admin if there is no admin.

        Raises:
            ExternalServiceError: Slack does not say whether they are an owner.
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
        """Make a member an admin, as ADMIN_SLACK_IDS says."""
        before = await self._members.get_or_create_member(team_id, slack_id)
        after = await self._members.set_role(team_id, slack_id, role=Role.ADMIN)
        await self._audit_account_change(before, after, via="ADMIN_SLACK_IDS")

    async def sync_moderator_group(self, team_id: str) -> bool:
        """Whether a member lost the moderator role; gives and takes it as the user group says.

        The group is read again until it equals the applied one. So two concurrent syncs end
        with the same roles, even if one of them has read an older group.

        Raises:
            ExternalServiceError: Slack does not list the group.
        """
        any_lost, applied = False, None
        while (current := await self._fetch_moderator_group(team_id)) != applied:
            group_id, slack_ids = current
            via = f"user group {group_id}" if group_id else "no user group"
            for slack_id in sorted(slack_ids):
                await self._add_group_moderator(team_id, slack_id, via=via)
            for member in await self._members.group_moderators(team_id):
                if member.slack_id not in slack_ids:
                    await self._set_group_role(member, is_in_group=False, via=via)
                    any_lost = True
            applied = current
        return any_lost

    async def _fetch_moderator_group(self, team_id: str) -> tuple[str, frozenset[str]]:
        """The id of the moderator group, "" for none, and the Slack ids of its members."""
        group_id = (await self._settings_store.load_newest(team_id)).moderators
        return group_id, await self._fetch_group_members(group_id) if group_id else frozenset()

    async def _fetch_group_members(self, group_id: str) -> frozenset[str]:
        try:
            return await self._slack.user_group_members(group_id)
        except TargetGone as error:
            log.warning("the user group %s counts as empty: %s", group_id, error)
            return frozenset()

    async def _add_group_moderator(self, team_id: str, slack_id: str, *, via: str) -> None:
        try:
            member = await self.member_with_profile(team_id, slack_id)
        except PermanentFailure as error:
            log.warning("%s of the user group gets no role: %s", slack_id, error)
            return
        if member.active and not member.guest and member.role is Role.USER:
            await self._set_group_role(member, is_in_group=True, via=via)

    async def _set_group_role(self, member: Member, *, is_in_group: bool, via: str) -> None:
        if await self._members.set_role_by_group(member, in_group=is_in_group):
            after = await self._members.get_or_create_member(member.team_id, member.slack_id)
            await self._audit_account_change(member, after, via=via)

    async def _store_profile(self, member: Member, profile: Profile) -> Member:
        """Store a profile; a new member inherits the role and skills of an earlier account."""
        before = member
        if member.profiled_at is None and not member.appointed:
            before = await self._inherit_earlier_account(member, profile)
        after = await self._members.set_profile(member, profile, profiled_at=clock())
        if not after.active:
            # A reactivated member needs new tokens: the old ones may have leaked meanwhile.
            await self._api_tokens.revoke_all_tokens(after)
        await self._audit_account_change(before, after, via="Slack profile")
        return after

    async def _inherit_earlier_account(self, member: Member, profile: Profile) -> Member:
        """Move role and skills from an earlier account to this one.

        A crash in between is harmless: this runs again until the profile is stored.
        """
        for old in (await self._find_earlier_accounts(member.team_id, profile))[:1]:
            # A role by the user group is not inherited: the group lists the new account or not.
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
        """Deactivated accounts with the same address, and with a role or skills to inherit."""
        # An unconfirmed address may belong to somebody else.
        if not (profile.email and profile.email_confirmed and profile.active) or profile.guest:
            return []
        accounts = await self._members.deactivated_with_email(team_id, profile.email)
        return [old for old in accounts if old.role is not Role.USER or old.skills]

    async def _list_admins(self, team_id: str) -> list[Member]:
        return [one for one in await self._members.moderators(team_id) if one.can_administer]

    async def _audit_account_change(self, before: Member, after: Member, *, via: str) -> None:
        old, new = ({"role": one.role.value, "active": one.active} for one in (before, after))
        if old != new:
            actor, target = _system_actor(after.team_id), after.slack_id
            await self._audit_log.record(
                actor, "changed account", target, before=old, after=new, via=via
            )


def _system_actor(team_id: str) -> Member:
    """Frontdesk itself, as the actor of automatic changes."""
    return Member(team_id=team_id, slack_id="")
