"""People, conversations, user groups, reactions and files in the Web API."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.workspace import Workspace


async def error_name(call: Any) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def test_user_has_time_zone_email_and_role(client: AsyncWebClient, ana: Person) -> None:
    user = (await client.users_info(user=ana.id))["user"]

    assert user["real_name"] == "Ana Alba"
    assert user["profile"]["email"] == "ana@acme.example"
    assert user["tz"] == "Europe/Berlin"
    assert user["tz_offset"] in (3600, 7200)
    assert (user["is_owner"], user["is_admin"], user["is_restricted"]) == (True, True, False)


async def test_people_are_found_by_email_and_listed_in_pages(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    answer = await client.users_lookupByEmail(email="BOB@acme.example")
    first = await client.users_list(limit=2)
    second = await client.users_list(limit=2, cursor=first["response_metadata"]["next_cursor"])

    assert answer["user"]["id"] == bob.id
    user_ids = [user["id"] for page in (first, second) for user in page["members"]]
    assert sorted(user_ids) == sorted([slack.bot_user_id, ana.id, bob.id])
    assert second["response_metadata"]["next_cursor"] == ""
    assert await error_name(client.users_list(cursor="nonsense")) == "invalid_cursor"
    assert await error_name(client.users_info(user="U0NOBODY00")) == "user_not_found"
    assert await error_name(client.users_lookupByEmail(email="x@y.example")) == "users_not_found"


async def test_dm_is_opened_only_with_reachable_people(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    eve = slack.add_person("eve", real_name="Eve", email="e@x.example", team_id="T0ELSE0001")
    robot = slack.add_person("robot", real_name="Robot", email="", bot=True)
    slack.deactivate(bob)

    first = await client.conversations_open(users=ana.id)
    again = await client.conversations_open(users=ana.id, return_im=True)

    assert first["channel"] == {"id": ana.direct_channel.id}
    assert again["already_open"] is True
    assert again["channel"]["user"] == ana.id
    assert await error_name(client.conversations_open(users=bob.id)) == "user_disabled"
    assert await error_name(client.conversations_open(users=eve.id)) == "user_not_visible"
    assert await error_name(client.conversations_open(users=robot.id)) == "cannot_dm_bot"
    assert await error_name(client.conversations_open(users="U0NOBODY00")) == "user_not_found"
    assert await error_name(client.conversations_open(users="")) == "users_list_not_supplied"
    nine_users = [f"U0CROWD00{number}" for number in range(9)]
    assert await error_name(client.conversations_open(users=nine_users)) == "too_many_users"
    group_with_bot = client.conversations_open(users=[ana.id, slack.bot_user_id, robot.id])
    assert await error_name(group_with_bot) == "cannot_dm_bot"


async def test_conversations_are_listed_by_kind(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])
    slack.add_channel("secret", members=[ana], private=True)
    await ana.invite_app(general)
    await client.chat_postMessage(channel=ana.id, text="Hello")

    public = await client.conversations_list()
    direct = await client.users_conversations(types="im")

    assert [channel["name"] for channel in public["channels"]] == ["general"]
    assert public["channels"][0]["is_member"] is True
    assert [channel["user"] for channel in direct["channels"]] == [ana.id]
    assert await error_name(client.conversations_list(types="carrots")) == "invalid_types"
    assert await error_name(client.conversations_list(limit=0)) == "invalid_limit"
    assert await error_name(client.users_conversations(types="mpim")) == "missing_scope"


async def test_app_joins_public_channels_only(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])
    await client.conversations_join(channel=general.id)
    again = await client.conversations_join(channel=general.id)

    assert again["warning"] == "already_in_channel"
    members = await client.conversations_members(channel=general.id)
    assert members["members"] == [ana.id, slack.bot_user_id]
    info = await client.conversations_info(channel=general.id, include_num_members=True)
    assert (info["channel"]["name"], info["channel"]["num_members"]) == ("general", 2)
    dm = client.conversations_join(channel=ana.direct_channel.id)
    assert await error_name(dm) == "method_not_supported_for_channel_type"


async def test_history_is_newest_first_in_pages_and_time_ranges(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    for word in ("one", "two", "three"):
        await client.chat_postMessage(channel=ana.id, text=word)
    first, second, third = (message.ts for message in ana.messages)

    page = await client.conversations_history(channel=ana.direct_channel.id, limit=2)
    next_page = await client.conversations_history(
        channel=ana.direct_channel.id, limit=2, cursor=page["response_metadata"]["next_cursor"]
    )
    between = await client.conversations_history(
        channel=ana.direct_channel.id, oldest=first, latest=third
    )
    inclusive = await client.conversations_history(
        channel=ana.direct_channel.id, oldest=second, latest=second, inclusive=True
    )

    assert [message["text"] for message in page["messages"]] == ["three", "two"]
    assert page["has_more"] is True
    assert [message["text"] for message in next_page["messages"]] == ["one"]
    assert [message["text"] for message in between["messages"]] == ["two"]
    assert [message["text"] for message in inclusive["messages"]] == ["two"]
    invalid = client.conversations_history(channel=ana.direct_channel.id, oldest="yesterday")
    assert await error_name(invalid) == "invalid_ts_oldest"


async def test_history_of_other_conversations_is_refused(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])
    hidden = slack.add_channel("hidden", members=[ana], private=True)

    assert await error_name(client.conversations_history(channel=general.id)) == "not_in_channel"
    assert await error_name(client.conversations_history(channel=hidden.id)) == "channel_not_found"


async def test_replies_are_only_in_their_thread(client: AsyncWebClient, ana: Person) -> None:
    await client.chat_postMessage(channel=ana.id, text="Tea?")
    question = await ana.wait_for_message("Tea?")
    await ana.reply_in_thread(question, "Yes, please")

    thread = await client.conversations_replies(channel=ana.direct_channel.id, ts=question.ts)
    history = await client.conversations_history(channel=ana.direct_channel.id)

    assert [message["text"] for message in thread["messages"]] == ["Tea?", "Yes, please"]
    (first,) = history["messages"]
    assert (first["reply_count"], first["reply_users"]) == (1, [ana.id])
    assert ana.messages[1].thread_ts == question.ts
    missing = client.conversations_replies(channel=ana.direct_channel.id, ts="1.1")
    assert await error_name(missing) == "thread_not_found"


async def test_user_groups_need_a_paid_plan(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    group = slack.add_usergroup("runners", name="Runners", users=[ana, bob])
    await client.chat_postMessage(channel=ana.id, text=f"<!subteam^{group.id}> run")

    groups = await client.usergroups_list(include_users=True, include_count=True)
    users = await client.usergroups_users_list(usergroup=group.id)

    assert groups["usergroups"][0]["handle"] == "runners"
    assert groups["usergroups"][0]["user_count"] == 2
    assert users["users"] == [ana.id, bob.id]
    assert ana.messages[0].visible_text == "@runners run"
    missing = client.usergroups_users_list(usergroup="S0NOWHERE0")
    assert await error_name(missing) == "no_such_subteam"
    slack.state.usergroups.has_paid_plan = False
    assert await error_name(client.usergroups_list()) == "plan_upgrade_required"


async def test_second_equal_reaction_is_refused(client: AsyncWebClient, ana: Person) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="Tea?")
    message = {"channel": sent["channel"], "timestamp": sent["ts"]}

    await client.reactions_add(**message, name="tea")
    assert await error_name(client.reactions_add(**message, name="tea")) == "already_reacted"
    assert ana.messages[0].raw["reactions"][0]["name"] == "tea"
    await client.reactions_remove(**message, name="tea")
    assert await error_name(client.reactions_remove(**message, name="tea")) == "no_reaction"
    assert await error_name(client.reactions_remove(name="tea")) == "no_item_specified"


async def test_bots_info_and_team_info_describe_app_and_workspace(
    slack: Workspace, client: AsyncWebClient
) -> None:
    bot = (await client.bots_info(bot=slack.bot_id))["bot"]
    team = (await client.team_info())["team"]

    assert (bot["app_id"], bot["user_id"]) == (slack.app_id, slack.bot_user_id)
    assert (team["id"], team["domain"]) == (slack.team_id, "acme")
    assert await error_name(client.bots_info(bot="B0NOBODY00")) == "bot_not_found"


async def test_file_is_uploaded_in_three_steps(client: AsyncWebClient, ana: Person) -> None:
    done = await client.files_upload_v2(
        channel=ana.direct_channel.id,
        content="milk, tea",
        filename="list.txt",
        initial_comment="Shopping",
    )

    (message,) = ana.messages
    assert message.visible_text == "Shopping\nlist.txt"
    info = await client.files_info(file=done["files"][0]["id"])
    assert info["file"]["size"] == len("milk, tea")
    assert await error_name(client.files_info(file="F0NOTHING0")) == "file_not_found"


async def test_file_without_content_cannot_be_shared(client: AsyncWebClient) -> None:
    reservation = await client.files_getUploadURLExternal(filename="x.txt", length=3)
    complete = client.files_completeUploadExternal(files=[{"id": reservation["file_id"]}])
    empty = client.files_getUploadURLExternal(filename="x.txt", length=0)

    assert await error_name(complete) == "file_not_found"
    assert await error_name(empty) == "missing_argument"


async def test_blocks_are_validated_without_a_post(client: AsyncWebClient) -> None:
    divider = {"type": "divider"}
    valid = await client.api_call("blocks.validate", json={"blocks": [divider]})
    too_many = client.api_call("blocks.validate", json={"blocks": [divider] * 51})
    both = client.api_call("blocks.validate", json={"blocks": [divider], "view": {"type": "home"}})

    assert valid["ok"] is True
    assert await error_name(too_many) == "invalid_blocks"
    assert await error_name(both) == "invalid_arguments"
