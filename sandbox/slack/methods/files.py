"""files.*: upload in three steps (Slack has retired files.upload)."""

from sandbox.slack.delivery import event_payloads
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.uploads import Upload, file_object
from sandbox.slack.messaging.message_draft import parse_json_value
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier

UPLOAD_PATH = "/upload/v1/"


def get_upload_url(call: MethodCall) -> Json:
    length = call.text("length")
    if not length.isdecimal() or int(length) == 0:
        raise SlackError("missing_argument")
    upload = Upload(
        id=call.state.ids.new_id("F"),
        filename=call.text("filename"),
        length_bytes=int(length),
        created=call.state.now(),
        user=call.state.app.bot_user_id,
    )
    call.state.uploads.add(upload)
    url = f"{call.state.base_url}{UPLOAD_PATH}{upload.id}"
    return {"ok": True, "upload_url": url, "file_id": upload.id}


def complete_upload(call: MethodCall) -> Json:
    entries = parse_json_value(call.args.get("files"), error="invalid_arguments")
    if not isinstance(entries, list):
        raise SlackError("file_not_found")
    uploads = [_get_received_upload(call, entry) for entry in entries]
    if not uploads:
        raise SlackError("file_not_found")
    channel = _get_channel(call) if call.text("channel_id") else None
    for upload in uploads:
        upload.is_completed = True
    files = [_upload_object(call, upload) for upload in uploads]
    if channel:
        _share_files(call, channel, files)
    return {"ok": True, "files": files}


def _get_received_upload(call: MethodCall, entry: object) -> Upload:
    fields = entry if isinstance(entry, dict) else {}
    upload = call.state.uploads.find(fields.get("id"))
    if upload is None or upload.content is None:
        raise SlackError("file_not_found")
    upload.title = str(fields.get("title") or upload.filename)
    return upload


def _get_channel(call: MethodCall) -> Channel:
    channel = call.channel("channel_id")
    if call.state.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _share_files(call: MethodCall, channel: Channel, files: list[Json]) -> None:
    post = call.state.new_app_post(channel.id, call.text("initial_comment"))
    post.files, post.thread_ts = files, call.text("thread_ts") or None
    call.state.messages.add(post)
    call.state.emit(event_payloads.message_posted(channel, post))
    call.state.notify_change()


def _upload_object(call: MethodCall, upload: Upload) -> Json:
    return file_object(upload, team_id=call.state.team_id, domain=call.state.team_domain)


def info(call: MethodCall) -> Json:
    upload = call.state.uploads.find(call.text("file"))
    if upload is None or not upload.is_completed:
        raise SlackError("file_not_found")
    return {"ok": True, "file": _upload_object(call, upload), "comments": []}


METHODS = (
    Method(
        name="files.getUploadURLExternal",
        run=get_upload_url,
        tier=Tier.FOUR,
        required_arguments=("length", "filename"),
        scopes=("files:write",),
        errors=to_error_names("missing_argument"),
        missing_argument_error="missing_argument",
    ),
    Method(
        name="files.completeUploadExternal",
        run=complete_upload,
        tier=Tier.FOUR,
        required_arguments=("files",),
        scopes=("files:write",),
        errors=to_error_names("file_not_found channel_not_found not_in_channel"),
    ),
    Method(
        name="files.info",
        run=info,
        tier=Tier.FOUR,
        required_arguments=("file",),
        scopes=("files:read",),
        errors=to_error_names("file_not_found"),
    ),
)
