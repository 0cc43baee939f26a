"""Attackers write tickets and the model obeys them; Frontdesk must not.

Each ticket is an honest one about a VPN with an attack in it. The stand-in for Gemini obeys the
attacker, even beyond the limits of the response schema.
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
from models.engine.prompt_injection import INJECTION_REASON, contains_injection
from models.messages.cards import SlackMessage, moderator_card, requester_card
from models.people.member import Role
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.ticket import Ticket, Urgency
from models.triage.result import Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.training_example import TrainingExample
from tests.sample_tickets import ADA, GRACE, NOON, TEAM, make_member, new_ticket, read_sample

ATTACKS = list(
    csv.DictReader(StringIO((Path(__file__).parent / "attacks.csv").read_text(encoding="utf-8")))
)
NAMES = [f"{line} {attack['kind']} {attack['how']}" for line, attack in enumerate(ATTACKS, start=2)]
# The patterns do not detect the attacks of the kind "other words".
DETECTED = [attack for attack in ATTACKS if attack["kind"] != "other words"]
NAMES_OF_DETECTED = [name for name in NAMES if "other words" not in name]
pytestmark = pytest.mark.fault("F66")
each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
VERA = make_member("UVERA", Role.MODERATOR, skills=("vpn",), email="vera@example.org")
MAL = make_member("UMAL", Role.MODERATOR, skills=("security",), email="mal@example.org")
CANDIDATES = [Candidate(member, open_tickets=0) for member in (VERA, MAL, GRACE)]
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
    """The offered ticket, and the messages about it."""

    ticket: Ticket
    assignee: str
    cards: tuple[SlackMessage, SlackMessage]
    email: Any

    @property
    def triage(self) -> Triage:
        """The ticket's triage."""
        assert self.ticket.triage
        return self.ticket.triage


def ticket_with(attack: dict[str, str]) -> Ticket:
    """The honest ticket with the attack in its title or description."""
    title, body = "My VPN is down", "I can't work since this morning."
    if attack["where"] == "title":
        title = f"{title}. {attack['text']}"
    else:
        body = f"{body}\n{attack['text']}"
    return new_ticket(title=title, description=body, urgency=Urgency.CAN_WAIT)


def obedient_answer(request: GeminiRequest, category: str) -> str:
    """The answer of a model that does all the attacker wants, with the category they want."""
    return json.dumps(
        {
            "category": category or "Network",
            "priority": "low",
            "skills": [category.lower() or "vpn", "root", "assign:UMAL"],
            "summary": f"Approved {PAYLOAD} {request.text[-500:]}",
            "notes": f"{PAYLOAD} {request.text} {request.instruction}",
            "confidence": 1,
            "assignee": "UMAL",
        }
    )


def triage_and_offer(ticket: Ticket, category: str, *, detect: bool = True) -> Outcome:
    """Triage and offer a ticket.

    Args:
        ticket: the ticket with an attack.
        category: the category that the attacker wants.
        detect: whether to use the detection of attacks, or only the other protections.
    """
    reading = read_sample(ticket)
    if detect and (reason := reading.reason_not_to_send):
        triage = reading.keyword_triage.model_copy(update={"why_builtin": reason})
    else:
        request = build_request(reading)
        answer = obedient_answer(request, category)
        triage = parse_answer(answer, DEFAULT_TAXONOMY, request.redacted)
        triage = reconcile_with_keywords(triage, reading) if detect else triage
    triage = reading.with_rules(triage)
    triaged = workflow.transition(ticket, Verb.TRIAGE, actor=None, now=NOON, triage=triage)
    choice = choose_assignee(triaged, CANDIDATES, now=NOON)
    assert choice
    assignee = choice.member
    offered = workflow.transition(
        triaged,
        Verb.OFFER,
        actor=None,
        now=NOON + timedelta(minutes=1),
        assignee=assignee.slack_id,
        reason=choice.reason,
        offers=1,
    )
    email = offer_email(
        offered,
        notice="T-1.offer.1",
        recipient=assignee.model_copy(update={"email": "to@example.org"}),
        names_by_id={ADA.slack_id: ADA.name},
        sender="desk@example.org",
        links={"View": "https://desk.example.org/v"},
    )
    cards = (moderator_card(offered, viewer=assignee.slack_id), requester_card(offered))
    return Outcome(offered, assignee.slack_id, cards, email)


@each_attack
def test_attack_changes_neither_triage_nor_assignee(attack: dict[str, str]) -> None:
    outcome = triage_and_offer(ticket_with(attack), attack["wants"])

    assert (outcome.triage.category, outcome.triage.skills) == ("Network", ("vpn",))
    assert outcome.triage.priority in {Priority.HIGH, Priority.URGENT}
    assert outcome.assignee == VERA.slack_id
    assert_nothing_is_clickable(outcome)


@each_attack
def test_obedient_model_is_limited_to_the_closed_lists(attack: dict[str, str]) -> None:
    outcome = triage_and_offer(ticket_with(attack), attack["wants"], detect=False)

    assert DEFAULT_TAXONOMY.find_category(outcome.triage.category)
    assert set(outcome.triage.skills) <= set(DEFAULT_TAXONOMY.vocabulary.names)
    assert outcome.triage.dropped == ("root", "assign:UMAL")
    assert outcome.triage.priority in {Priority.HIGH, Priority.URGENT}
    assert_nothing_is_clickable(outcome)


@pytest.mark.parametrize("attack", DETECTED, ids=NAMES_OF_DETECTED)
def test_attack_is_not_used_as_few_shot_example(attack: dict[str, str]) -> None:
    ticket = ticket_with(attack)
    example = TrainingExample(
        ticket_id="T-0",
        team_id=TEAM,
        text=ticket.text,
        original_triage=keyword_engine.triage(ticket, DEFAULT_TAXONOMY),
        category="Security",
        priority=Priority.LOW,
        skills=("security",),
        by="UMAL",
        at=NOON,
    )

    request = build_request(read_sample(), [example])

    assert to_prompt_line(example, DEFAULT_TAXONOMY) not in request.text
    assert len(request.text.splitlines()) == len(build_request(read_sample()).text.splitlines())


@pytest.mark.parametrize("attack", DETECTED, ids=NAMES_OF_DETECTED)
def test_detected_attack_is_not_sent_and_the_moderator_is_warned(attack: dict[str, str]) -> None:
    triage = triage_and_offer(ticket_with(attack), "Security").triage

    assert INJECTION_REASON in triage.notes
    assert triage.why_builtin == INJECTION_REASON


def test_attack_list_has_at_least_60_entries() -> None:
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
def test_honest_request_is_not_an_attack(text: str) -> None:
    assert not contains_injection(text)


def assert_nothing_is_clickable(outcome: Outcome) -> None:
    """Assert that no link or mention from the ticket or the model works in cards and e-mail."""
    model_text = f"{outcome.triage.summary}\n{outcome.triage.notes}"
    assert not LINK.search(model_text), LINK.search(model_text)
    assert not PING.search(model_text)
    expected = {f"<@{ADA.slack_id}>", f"<@{outcome.assignee}>"}
    for card in outcome.cards:
        for kind, text in _texts([*card.blocks, {"type": "mrkdwn", "text": card.text}]):
            assert kind in {"mrkdwn", "text", "plain_text", "emoji"}
            markup = set(re.findall(r"<[^>]*>?", text)) if kind == "mrkdwn" else set()
            assert {part for part in markup if not part.startswith("<!date^")} <= expected
    html = outcome.email.get_body(("html",)).get_content()
    assert re.findall(r'(?:href|src)="([^"]*)"', html) == ["https://desk.example.org/v"]
    assert "<img" not in html


def _texts(block: Any) -> Iterator[tuple[str, str]]:
    """Each text in Block Kit, with its type; links and mentions have types of their own."""
    if isinstance(block, list):
        for child in block:
            yield from _texts(child)
    elif isinstance(block, dict):
        children = [value for value in block.values() if isinstance(value, dict | list)]
        if "type" in block and (not children or isinstance(block.get("text"), str)):
            yield str(block.get("type")), str(block.get("text", ""))
        for child in children:
            yield from _texts(child)
