"""User groups such as @helpdesk, and their members."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.primitives.ids import stable_id
from sandbox.slack.primitives.json_types import Json


@dataclass(slots=True, eq=False)
class Usergroup:
    id: str
    handle: str
    name: str
    team_id: str
    created: int
    updated: int
    users: list[str] = field(default_factory=list)
    is_disabled: bool = False


class Usergroups:
    """All user groups; Slack answers plan_upgrade_required while `has_paid_plan` is false."""

    def __init__(self) -> None:
        self._by_id: dict[str, Usergroup] = {}
        self.has_paid_plan = True

    def __iter__(self) -> Iterator[Usergroup]:
        return iter(self._by_id.values())

    def find(self, group_id: object) -> Usergroup | None:
        return self._by_id.get(str(group_id))

    def add(
        self, handle: str, *, name: str, team_id: str, users: list[str], created: int
    ) -> Usergroup:
        group = Usergroup(
            id=stable_id("S", team_id, handle),
            handle=handle,
            name=name,
            team_id=team_id,
            created=created,
            updated=created,
            users=users,
        )
        self._by_id[group.id] = group
        return group


def usergroup_object(group: Usergroup, *, with_users: bool, with_count: bool) -> Json:
    group_fields: Json = {
        "id": group.id,
        "team_id": group.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created,
        "date_update": group.updated,
        "date_delete": group.created if group.is_disabled else 0,
        "auto_type": None,
        "created_by": "USLACKBOT",
        "updated_by": "USLACKBOT",
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
    }
    if with_users:
        group_fields["users"] = list(group.users)
    if with_count:
        group_fields["user_count"] = len(group.users)
    return group_fields
