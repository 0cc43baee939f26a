"""The Settings menu: its title and its buttons."""

from bot.admin import settings_menu
from sandbox.slack.blockkit import check_view


def test_menu_leads_to_every_page() -> None:
    menu = settings_menu.render()
    buttons = [block["accessory"] for block in menu["blocks"] if "accessory" in block]

    assert check_view(menu) == []
    assert menu["title"]["text"] == "Settings"
    assert [button["text"]["text"] for button in buttons] == [
        *("Members", "Workspace settings"),
        *("Skills", "Categories", "Test triage", "Triage accuracy"),
        "Webhooks",
        *("System health", "Audit log", "AI request log"),
    ]
