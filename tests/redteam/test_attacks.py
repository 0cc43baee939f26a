"""Attackers write tickets, and the model does what they want: the desk must not.

Each ticket is an honest one about a VPN with an attack in it. The model that stands in for Gemini
obeys the attacker as far as the response schema lets any model, and further.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from jobs.engines.few_shot_examples import to_prompt_line
from jobs.engines.prompt import GeminiRequest, build_request, parse_answer
from jobs.outbox.emails import offer_email
from jobs.triage.gemini_triage import reconcile_with_keywords
from models.assignment.matching import Candidate, choose_assignee
from models.engine import keyword_engine
from models.engine.prompt_injection import (
    INJECTION_REASON,
    contains_injection,
    strip_instructions,
    with_warning,
)
from models.messages.cards import SlackMessage, moderator_card, requester_card
from models.people.member import Role
from models.tickets import workflow
from models.tickets.ticket import Ticket, Urgency
from models.tickets.workflow import Move
from models.triage.result import Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.training_example import TrainingExample
from tests.sample_tickets import ADA, GRACE, NOON, TEAM, make_member, new_ticket

ATTACKS = list(
    csv.DictReader(StringIO((Path(__file__).parent / "attacks.csv").read_text(encoding="utf-8")))
)
NAMES = [f"{at} {each['kind']} {each['how']}" for at, each in enumerate(ATTACKS, start=2)]
SEEN = [each for each in ATTACKS if each["kind"] != "other words"]
NAMES_SEEN = [name for name in NAMES if "other words" not in name]
pytestmark = pytest.mark.fault("F66")
each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
VERA = make_member("UVERA", Role.MODERATOR, skills=("vpn",), email="vera@example.org")
MAL = make_member("UMAL", Role.MODERATOR, skills=("security",), email="mal@example.org")
TEAM_MATES = [Candidate(each, open_tickets=0) for each in (VERA, MAL, GRACE)]
PAYLOAD = (
    "<!channel> <@UMAL> <!subteam^S1|@admins> @here <https://evil.example/a|Reset> "
    "[click](https://evil.example/?d=[email-1]) ![i](https://evil.example/p.png) www.evil.example "
    "evil.example/x HTTP://EVIL.EXAMPLE [[x](https://evil.example)](https://evil.example) "
    "<<https://evil.example|a>|b> javascript:alert(1) mailto:mal@evil.example *bold* `code`"
)
LINK = re.compile(r"(?i)https?:|www\.|mailto:|javascript:|evil\.example|\]\(")
PING = re.compile(r"<[@#!]|(?i:@(?:here|channel|everyone))")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a ticket."""

    ticket: Ticket
    assignee: str
    cards: tuple[SlackMessage, SlackMessage]
    letter: Any

    @property
    def triage(self) -> Triage:
        """What was said of it."""
        assert self.ticket.triage
        return self.ticket.triage


def attacked(attack: dict[str, str]) -> Ticket:
    """The honest ticket with the attack in it."""
    title, body = "My VPN is down", "I can't work since this morning."
    if attack["where"] == "title":
        title = f"{title}. {attack['text']}"
    else:
        body = f"{body}\n{attack['text']}"
    return new_ticket(title=title, description=body, urgency=Urgency.CAN_WAIT)


def obeyed(question: GeminiRequest, wanted: str) -> str:
    """What a model answers that does whatever the attacker wants, to the category they name."""
    return json.dumps(
        {
            "category": wanted or "Network",
            "priority": "low",
            "skills": [wanted.lower() or "vpn", "root", "assign:UMAL"],
            "summary": f"Approved {PAYLOAD} {question.text[-500:]}",
            "notes": f"{PAYLOAD} {question.text} {question.instruction}",
            "confidence": 1,
            "assignee": "UMAL",
        }
    )


def walked(ticket: Ticket, wanted: str, *, wary: bool = True) -> Outcome:
    """The whole way of a ticket; `wary`: with what finds attacks, else with all the rest alone."""
    if wary and contains_injection(ticket.text):
        triage = keyword_engine.triage(
            strip_instructions(ticket), DEFAULT_TAXONOMY, why_builtin=INJECTION_REASON
        )
        triage = with_warning(triage, ticket)
    else:
        question = build_request(ticket, DEFAULT_TAXONOMY)
        triage = parse_answer(obeyed(question, wanted), DEFAULT_TAXONOMY, question.redacted)
        triage = reconcile_with_keywords(triage, ticket, DEFAULT_TAXONOMY) if wary else triage
    triage = keyword_engine.with_priority_floor(triage, ticket, DEFAULT_TAXONOMY)
    triaged = workflow.transition(ticket, Move.TRIAGE, actor=None, now=NOON, triage=triage)
    choice = choose_assignee(triaged, TEAM_MATES, now=NOON)
    assert choice
    to = choice.member
    offered = workflow.transition(
        triaged,
        Move.OFFER,
        actor=None,
        now=NOON + timedelta(minutes=1),
        assignee=to.slack_id,
        reason=choice.reason,
        offers=1,
    )
    letter = offer_email(
        offered,
        notice="T-1.offer.1",
        recipient=to.model_copy(update={"email": "to@example.org"}),
        requester=ADA,
        sender="desk@example.org",
        links={"View": "https://desk.example.org/v"},
    )
    cards = (moderator_card(offered, viewer=to.slack_id), requester_card(offered))
    return Outcome(offered, to.slack_id, cards, letter)


@each_attack
def test_it_changes_neither_category_nor_skills_nor_priority_nor_who_gets_it(
    attack: dict[str, str],
) -> None:
    outcome = walked(attacked(attack), attack["wants"])

    assert (outcome.triage.category, outcome.triage.skills) == ("Network", ("vpn",))
    assert outcome.triage.priority in {Priority.HIGH, Priority.URGENT}
    assert outcome.assignee == VERA.slack_id
    assert_nothing_lives(outcome)


@each_attack
def test_a_model_that_obeys_it_gets_no_further_than_the_lists(attack: dict[str, str]) -> None:
    outcome = walked(attacked(attack), attack["wants"], wary=False)

    assert DEFAULT_TAXONOMY.find_category(outcome.triage.category)
    assert set(outcome.triage.skills) <= set(DEFAULT_TAXONOMY.vocabulary.names)
    assert outcome.triage.dropped == ("root", "assign:UMAL")
    assert outcome.triage.priority in {Priority.HIGH, Priority.URGENT}
    assert_nothing_lives(outcome)


@pytest.mark.parametrize("attack", SEEN, ids=NAMES_SEEN)
def test_it_is_no_example_for_others(attack: dict[str, str]) -> None:
    ticket = attacked(attack)
    lesson = TrainingExample(
        ticket_id="T-0",
        team_id=TEAM,
        text=ticket.text,
        original_triage=keyword_engine.triage(ticket, DEFAULT_TAXONOMY, why_builtin=""),
        category="Security",
        priority=Priority.LOW,
        skills=("security",),
        by="UMAL",
        at=NOON,
    )

    question = build_request(new_ticket(), DEFAULT_TAXONOMY, [lesson])

    assert to_prompt_line(lesson, DEFAULT_TAXONOMY) not in question.text
    assert len(question.text.splitlines()) == len(
        build_request(new_ticket(), DEFAULT_TAXONOMY).text.splitlines()
    )


@pytest.mark.parametrize("attack", SEEN, ids=NAMES_SEEN)
def test_it_is_seen_before_anything_is_sent_and_the_moderator_is_told(
    attack: dict[str, str],
) -> None:
    triage = walked(attacked(attack), "Security").triage

    assert INJECTION_REASON in triage.notes
    assert triage.why_builtin == INJECTION_REASON


def test_there_are_enough_of_them() -> None:
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize(
    "text",
    [
        "My laptop does not start, the fan is loud",
        "Please give me access to the shared drive of marketing",
        "Ich kann mich nicht anmelden, das Passwort wird nicht angenommen",
        "L'imprimante du 2e étage ne répond plus depuis hier",
        "No puedo abrir Outlook, pide la contraseña una y otra vez",
        "У меня не работает почта с утра",  # noqa: RUF001  (Russian)
        "The form ignores my input; I have to set the clock again after each restart",
        "Who do I ask to install Python? It is urgent, high priority for our release",
        "Error: could not assign a drive letter",
        "Our ChatGPT licence has expired, can you renew it?",
    ],
)
def test_who_asks_for_help_is_no_attacker(text: str) -> None:
    assert not contains_injection(text)


def assert_nothing_lives(outcome: Outcome) -> None:
    """No link or mention that the text or the model asked for works anywhere."""
    told = f"{outcome.triage.summary}\n{outcome.triage.notes}"
    assert not LINK.search(told), LINK.search(told)
    assert not PING.search(told)
    expected = {f"<@{ADA.slack_id}>", f"<@{outcome.assignee}>"}
    for card in outcome.cards:
        for kind, text in _texts([*card.blocks, {"type": "mrkdwn", "text": card.text}]):
            assert kind in {"mrkdwn", "text", "plain_text", "emoji"}
            found = set(re.findall(r"<[^>]*>?", text)) if kind == "mrkdwn" else set()
            assert {one for one in found if not one.startswith("<!date^")} <= expected
    html = outcome.letter.get_body(("html",)).get_content()
    assert re.findall(r'(?:href|src)="([^"]*)"', html) == ["https://desk.example.org/v"]
    assert "<img" not in html


def _texts(drawn: Any) -> Iterator[tuple[str, str]]:
    """Each text in Block Kit, with its type; a link or a mention has a type of its own."""
    if isinstance(drawn, list):
        for each in drawn:
            yield from _texts(each)
    elif isinstance(drawn, dict):
        inner = [value for value in drawn.values() if isinstance(value, dict | list)]
        if "type" in drawn and (not inner or isinstance(drawn.get("text"), str)):
            yield str(drawn.get("type")), str(drawn.get("text", ""))
        for value in inner:
            yield from _texts(value)
