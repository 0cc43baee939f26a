"""File uploads in Slack's three steps: reserve an id, send the bytes, complete the file."""

from dataclasses import dataclass

from sandbox.slack.primitives.json_types import Json


@dataclass(slots=True, eq=False)
class Upload:
    """One file; people see it only when `is_completed` is true.

    `content` is None until the app has sent the bytes.
    """

    id: str
    filename: str
    length_bytes: int
    created: int
    user: str
    content: bytes | None = None
    title: str = ""
    is_completed: bool = False


class Uploads:
    def __init__(self) -> None:
        self._by_id: dict[str, Upload] = {}

    def add(self, upload: Upload) -> None:
        self._by_id[upload.id] = upload

    def find(self, file_id: object) -> Upload | None:
        return self._by_id.get(str(file_id))

    def clear(self) -> None:
        self._by_id.clear()


def file_object(upload: Upload, *, team_id: str, domain: str) -> Json:
    """Return a file as messages and files.info show it."""
    name = upload.filename
    extension = name.rpartition(".")[2] if "." in name else "binary"
    private_url = f"https://files.slack.com/files-pri/{team_id}-{upload.id}"
    return {
        "id": upload.id,
        "created": upload.created,
        "timestamp": upload.created,
        "name": name,
        "title": upload.title or name,
        "mimetype": "text/plain" if extension == "txt" else "application/octet-stream",
        "filetype": "text" if extension == "txt" else extension,
        "pretty_type": extension.upper(),
        "user": upload.user,
        "user_team": team_id,
        "editable": False,
        "size": len(upload.content or b""),
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{private_url}/{name}",
        "url_private_download": f"{private_url}/download/{name}",
        "permalink": f"https://{domain}.slack.com/files/{upload.user}/{upload.id}/{name}",
        "permalink_public": f"https://slack-files.com/{team_id}-{upload.id}-4f1f2d9f6c",
        "has_rich_preview": False,
    }
