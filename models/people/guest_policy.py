"""Whom the desk serves besides the full members of its workspace, as an admin says."""

from pydantic import BaseModel, ConfigDict

from models.errors import NotAllowed
from models.people.member import Member


class GuestPolicy(BaseModel):
    """What an admin has said of guests, of people of other workspaces, and of a user group.

    Attributes:
        guests: whether guests of the workspace may open tickets.
        strangers: whether people of other workspaces may, who share a channel by Slack Connect.
        moderators: id of the Slack user group whose members are moderators; "" for none.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    guests: bool = True
    strangers: bool = False
    moderators: str = ""

    def check(self, member: Member) -> None:
        """Raise NotAllowed, with the reason, unless the desk serves this person."""
        if member.stranger and not self.strangers:
            raise NotAllowed("This desk does not serve people of other workspaces.")
        if member.guest and not member.stranger and not self.guests:
            raise NotAllowed("This desk serves full members of the workspace, and you are a guest.")


# What stands in a damaged document lets nobody in.
DENY_GUESTS = GuestPolicy(guests=False)
