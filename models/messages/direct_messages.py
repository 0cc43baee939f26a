"""The direct message between the app and each person."""

from dataclasses import dataclass

from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessages:
    """Opens direct messages, and remembers their channels."""

    slack: SlackClient
    members: MemberStore

    async def channel(self, member: Member, *, force_open: bool = False) -> str:
        """The id of the app's direct message with a person; Slack is asked the first time.

        Args:
            force_open: ask Slack in any case, since the stored channel does not exist any more.

        Raises:
            ExternalServiceError: Slack could not open the direct message.
        """
        if member.dm_channel and not force_open:
            return member.dm_channel
        channel = await self.slack.open_dm(member.slack_id)
        await self.members.update_member(member.team_id, member.slack_id, dm_channel=channel)
        return channel
