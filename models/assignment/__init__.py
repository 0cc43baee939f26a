"""Assignment: chooses the moderator or admin who is offered a ticket."""
