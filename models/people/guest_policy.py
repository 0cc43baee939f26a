"""The guest policy: whether guests and people of other workspaces may use Frontdesk."""

from pydantic import BaseModel, ConfigDict

from models.errors import NotAllowed
from models.people.member import Member


class GuestPolicy(BaseModel):
    """An admin's settings for guests, people of other workspaces, and the moderator group.

    Attributes:
        guests: whether guests of the workspace may use Frontdesk.
        strangers: whether people of other workspaces may; they share a channel by Slack Connect.
        moderators: id of the Slack user group whose members are moderators; "" for none.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    guests: bool = True
    strangers: bool = False
    moderators: str = ""

    def check(self, member: Member) -> None:
        """Raise NotAllowed, with the reason, if the policy excludes this member."""
        if member.stranger and not self.strangers:
            raise NotAllowed(
                "Frontdesk is not open to people of other workspaces. "
                "An admin can change the guest policy."
            )
        if member.guest and not member.stranger and not self.guests:
            raise NotAllowed(
                "Frontdesk is only open to full members of the workspace, and you are a guest. "
                "An admin can change the guest policy."
            )


# Used when the stored policy is invalid: it admits neither guests nor other workspaces.
DENY_GUESTS = GuestPolicy(guests=False)
