"""Triage accuracy is computed from judged tickets: by category, by confusion and by engine."""

from datetime import timedelta
from typing import Any

from bot.admin.reports import triage_accuracy_view as page
from models.engine.accuracy import (
    Accuracy,
    CategoryAccuracy,
    Confusion,
    EngineAccuracy,
    JudgedTriage,
    measure_accuracy,
)
from models.services import Services
from models.triage.result import Engine, Priority
from models.triage.training_example import TrainingExample
from sandbox.slack.blockkit import check_view
from tests.sample_tickets import NOON, make_triage

HOSTILE = "&<>\"'`*_~ <!channel> <@U1> :fire: 🔥👩‍💻 "


def make_example(number: int, **judgement: Any) -> TrainingExample:
    """A judged ticket whose original triage is Network, normal, vpn."""
    prompt = judgement.pop("prompt", "1")
    original = make_triage("vpn", engine=Engine.GEMINI, model="gemini-9", prompt=prompt)
    return TrainingExample(
        **{
            "ticket_id": f"T-{number}",
            "team_id": "T1",
            "text": "VPN",
            "said": original,
            "category": "Network",
            "priority": Priority.NORMAL,
            "skills": ("vpn",),
            "by": "UBOB",
            "at": NOON + timedelta(minutes=number),
            **judgement,
        }
    )


async def test_changed_triages_are_counted_by_engine_and_prompt(services: Services) -> None:
    for example in (
        make_example(1),
        make_example(2, category="Access"),
        make_example(3, priority=Priority.HIGH, prompt="2"),
        make_example(4, skills=("vpn", "okta"), prompt="2"),
        make_example(5, prompt="2"),
        make_example(6, team_id="T2", category="Access"),
    ):
        await services.training_store.add(example)

    accuracy = measure_accuracy(await services.training_store.judged_triages("T1", limit=100))

    assert (accuracy.tickets, accuracy.right) == (5, 4)
    assert accuracy.engines == (
        EngineAccuracy("gemini", "gemini-9", "2", tickets=3, right=3, overridden=2),
        EngineAccuracy("gemini", "gemini-9", "1", tickets=2, right=1, overridden=1),
    )
    assert accuracy.categories == (
        CategoryAccuracy("Network", tickets=4, said=5, right=4),
        CategoryAccuracy("Access", tickets=1, said=0, right=0),
    )
    assert accuracy.confusions == (Confusion("Network", "Access", tickets=1),)


async def test_shadow_prompt_is_counted_separately(services: Services) -> None:
    await services.training_store.add(make_example(1, team_id="T4"))
    wrong = make_triage(
        "vpn", engine=Engine.GEMINI, model="gemini-9", prompt="2", category="Access"
    )
    await services.training_store.set_shadow_answer("T-1", wrong)
    await services.training_store.add(make_example(1, team_id="T4"))

    measured = measure_accuracy(await services.training_store.judged_triages("T4", limit=100))

    assert (measured.tickets, measured.right, measured.confusions) == (1, 1, ())
    shadow = EngineAccuracy(
        "gemini", "gemini-9", "2", tickets=1, right=0, overridden=1, shadow=True
    )
    assert shadow in measured.engines
    assert await services.training_store.has_shadow_answer("T-1", "2")
    assert not await services.training_store.has_shadow_answer("T-1", "3")
    said = str(page.render(measured))
    assert "prompt 2, shadow prompt: 1 ticket, 0% correct, 100% would have been changed" in said


async def test_only_the_newest_examples_are_counted(services: Services) -> None:
    await services.training_store.add(make_example(7, team_id="T3"))
    await services.training_store.add(make_example(8, team_id="T3", category="Access"))

    judged_triages = await services.training_store.judged_triages("T3", limit=1)

    assert [judged.actual for judged in judged_triages] == ["Access"]


def test_page_explains_how_to_judge_if_no_triage_is_judged() -> None:
    nothing = page.render(measure_accuracy([]))

    assert check_view(nothing) == []
    assert "No triage has been judged yet" in str(nothing)


def test_page_shows_accuracy_in_words() -> None:
    said = str(
        page.render(
            measure_accuracy(
                [
                    judged
                    for example in four_examples()
                    for judged in JudgedTriage.list_from_document(example.model_dump())
                ]
            )
        )
    )

    assert "*75%* of categories were correct, of the 4 tickets" in said
    assert "Gemini, gemini-9, prompt 1: 4 tickets, 75% correct, 50% changed by a moderator" in said
    assert "Network: 3 tickets, recall 100%, precision 75%" in said
    assert "Access: 1 ticket, recall 0%" in said
    assert "Access was triaged as Network: 1 ticket" in said
    assert "Changed by a moderator: the category, the priority or the skills" in said


def test_category_that_no_moderator_chose_has_no_tickets() -> None:
    said = str(
        page.render(
            measure_accuracy(
                [*JudgedTriage.list_from_document(make_example(1, category="Access").model_dump())]
            )
        )
    )

    assert "of the 1 ticket that moderators judged." in said
    assert "Network: no tickets, precision 0%" in said


def four_examples() -> list[TrainingExample]:
    return [
        make_example(1),
        make_example(2),
        make_example(3, category="Access"),
        make_example(4, priority=Priority.URGENT),
    ]


def test_slack_accepts_the_longest_page_with_hostile_names() -> None:
    names = [f"{HOSTILE * 2}{number}"[-75:] for number in range(100)]
    worst = Accuracy(
        tickets=10**6,
        right=1,
        categories=tuple(CategoryAccuracy(name, 10**5, 10**5, 10**5) for name in names),
        confusions=tuple(Confusion(name, name, 10**5) for name in names[:10]),
        engines=tuple(EngineAccuracy(name, name, name, 10**5, 1, 1) for name in names),
    )

    view = page.render(worst)

    assert check_view(view) == []
    assert "<!channel>" not in str(view)
    assert "<@U1>" not in str(view)
