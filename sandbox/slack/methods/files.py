"""files.*: uploading in three steps (files.upload itself is gone)."""

from sandbox.slack import happenings
from sandbox.slack.channels import Channel
from sandbox.slack.drafts import json_value
from sandbox.slack.errors import SlackError
from sandbox.slack.methods.call import Call, Method, names
from sandbox.slack.rates import Tier
from sandbox.slack.shapes import Json
from sandbox.slack.uploads import Upload, file_object

UPLOAD_PATH = "/upload/v1/"


def get_upload_url(call: Call) -> Json:
    length = call.text("length")
    if not length.isdecimal() or int(length) == 0:
        raise SlackError("missing_argument")
    upload = Upload(
        id=call.state.ids.new("F"),
        filename=call.text("filename"),
        length=int(length),
        created=call.state.now(),
        user=call.state.app.bot_user_id,
    )
    call.state.uploads.add(upload)
    url = f"{call.state.base_url}{UPLOAD_PATH}{upload.id}"
    return {"ok": True, "upload_url": url, "file_id": upload.id}


def complete_upload(call: Call) -> Json:
    listed = json_value(call.args.get("files"), error="invalid_arguments")
    uploads = [_arrived(call, one) for one in listed] if isinstance(listed, list) else []
    if not uploads:
        raise SlackError("file_not_found")
    channel = _channel(call) if call.text("channel_id") else None
    for upload in uploads:
        upload.completed = True
    files = [_shown(call, upload) for upload in uploads]
    if channel:
        _share(call, channel, files)
    return {"ok": True, "files": files}


def _arrived(call: Call, listed: object) -> Upload:
    entry = listed if isinstance(listed, dict) else {}
    upload = call.state.uploads.get(entry.get("id"))
    if upload is None or upload.content is None:
        raise SlackError("file_not_found")
    upload.title = str(entry.get("title") or upload.filename)
    return upload


def _channel(call: Call) -> Channel:
    channel = call.channel("channel_id")
    if call.state.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _share(call: Call, channel: Channel, files: list[Json]) -> None:
    post = call.state.own_post(channel.id, call.text("initial_comment"))
    post.files, post.thread_ts = files, call.text("thread_ts") or None
    call.state.board.add(post)
    call.state.emit(happenings.message_posted(channel, post))
    call.state.changed()


def _shown(call: Call, upload: Upload) -> Json:
    return file_object(upload, team_id=call.state.team_id, domain=call.state.team_domain)


def info(call: Call) -> Json:
    upload = call.state.uploads.get(call.text("file"))
    if upload is None or not upload.completed:
        raise SlackError("file_not_found")
    return {"ok": True, "file": _shown(call, upload), "comments": []}


METHODS = (
    Method(
        name="files.getUploadURLExternal",
        run=get_upload_url,
        tier=Tier.FOUR,
        required=("length", "filename"),
        scopes=("files:write",),
        errors=names("missing_argument"),
        when_missing="missing_argument",
    ),
    Method(
        name="files.completeUploadExternal",
        run=complete_upload,
        tier=Tier.FOUR,
        required=("files",),
        scopes=("files:write",),
        errors=names("file_not_found channel_not_found not_in_channel"),
    ),
    Method(
        name="files.info",
        run=info,
        tier=Tier.FOUR,
        required=("file",),
        scopes=("files:read",),
        errors=names("file_not_found"),
    ),
)
