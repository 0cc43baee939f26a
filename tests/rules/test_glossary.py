"""The glossary is generated from one table, and holds the terms that the README uses."""

import re

from models.glossary import TERMS, render_page
from tests.project import ROOT

# Terms in plural, or inflected, and the entry that explains them.
_SAME_TERM = {
    "tickets": "ticket",
    "requesters": "requester",
    "moderators": "moderator",
    "admins": "admin",
    "watchers": "watcher",
    "webhooks": "webhook",
    "skills": "skill",
    "categories": "category",
    "steps": "step",
    "scopes": "scope",
    "API tokens": "API token",
}
_MIN_TERMS = 20


def test_page_is_generated_from_the_table() -> None:
    assert (ROOT / "docs/glossary.md").read_text(encoding="utf-8") == render_page()


def test_glossary_explains_the_terms_of_the_readme() -> None:
    """The README sets each term in italics where it first appears."""
    text = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    italics = set(re.findall(r"(?<![*\w])\*([a-zA-Z][a-zA-Z -]+)\*(?![*\w])", text))
    # A capital letter marks a label of the product, such as *Audit log*, or of Slack.
    terms = {_SAME_TERM.get(term, term) for term in italics if term[0].islower() or term in TERMS}

    assert len(terms) >= _MIN_TERMS
    assert terms - TERMS.keys() == set()
