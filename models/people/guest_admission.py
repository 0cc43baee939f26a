"""The check of the guest policy when tickets are opened, for a whole batch of new tickets.

Opening a ticket does not load the requester first. Full members need no look-up.
"""

from collections.abc import Mapping

from models.errors import NotAllowed, ProfilePending
from models.infra.database import Database
from models.people.member import Member
from models.people.store import MemberStore
from models.workspace.workspace_settings import WorkspaceSettings

# The bot's middleware turns people of other workspaces away, so only guests are checked here.
_DENY_WORKSPACE_GUESTS = WorkspaceSettings(guests=False, strangers=True)


class GuestAdmission:
    """Finds the new tickets that their requesters may not open."""

    def __init__(self, database: Database, members: MemberStore) -> None:
        self._db = database
        self._members = members

    async def find_refusals(
        self, requesters: Mapping[str, tuple[str, str]], denying_teams: frozenset[str]
    ) -> dict[str, NotAllowed]:
        """The errors for new tickets that may not be opened, by ticket id.

        Args:
            requesters: by ticket id, the team id and Slack id of its requester.
            denying_teams: the workspaces whose guests may open no ticket.
        """
        member_ids = {
            ticket_id: f"{team_id}:{slack_id}"
            for ticket_id, (team_id, slack_id) in requesters.items()
            if team_id in denying_teams
        }
        if not member_ids:
            return {}
        query = {"_id": {"$in": list(set(member_ids.values()))}}
        documents = await self._db.members.find(query).to_list()
        members = await self._members.reader.read_all(documents)
        members_by_id = {f"{member.team_id}:{member.slack_id}": member for member in members}
        refusals = {
            ticket_id: _refusal(members_by_id.get(member_id))
            for ticket_id, member_id in member_ids.items()
        }
        return {ticket_id: refusal for ticket_id, refusal in refusals.items() if refusal}


def _refusal(requester: Member | None) -> NotAllowed | None:
    # Until Slack has sent the profile, the requester may be a guest.
    if requester is None or not (requester.profiled_at or requester.guest):
        return ProfilePending(
            "Frontdesk is still reading your Slack profile. Your text is still in the form. "
            "Press Submit again in a moment."
        )
    reason = _DENY_WORKSPACE_GUESTS.refusal(guest=requester.guest, stranger=requester.stranger)
    return NotAllowed(reason) if reason else None
