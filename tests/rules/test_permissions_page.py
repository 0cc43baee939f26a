"""The page that tells who may do what is printed from the code."""

import re

from models.permissions import table
from tests.rules.source import ROOT


def test_the_page_shows_the_table_that_counts() -> None:
    page = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    shown = re.search("<!-- table: begin -->\n(.*?)\n<!-- table: end -->", page, re.DOTALL)

    assert shown
    assert shown[1] == table()
