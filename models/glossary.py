"""The glossary: each term, defined once. `python -m models.glossary` prints the page."""

TERMS = {
    "acknowledgement": "The answer that Slack wants within three seconds. Frontdesk stores first.",
    "admin": "A member who configures Frontdesk: members, skills, categories, webhooks, policies.",
    "AI request log": "The texts that were sent to Gemini, after redaction, kept for 90 days.",
    "API token": "A secret with scopes and an end date, by which a program acts for its owner.",
    "assignee": "The moderator who has a ticket, offered or claimed.",
    "assignment": "The choice of the assignee, with its reason.",
    "audit log": "The list of changes: who, what, when, before and after. Entries never change.",
    "built-in engine": "Triage without a network: keywords, and models trained on corrections.",
    "card": "A message about one ticket, rendered from the ticket and updated when it changes.",
    "category": "The subject of a ticket, such as Network or Access; each ticket has one.",
    "circuit breaker": "Stops calls to a service that fails, and tries one call after a pause.",
    "claim": "Take an offered ticket.",
    "confidential": "Visible only to requester, assignee and trusted members; never sent to AI.",
    "dead step": "A step that was refused for good or failed too often. An admin can replay it.",
    "decline": "Refuse an offered ticket; the next person gets it.",
    "delivery": "One event sent to one webhook, and its outcome.",
    "desk": "A group that answers tickets, such as IT or HR. A workspace has one today.",
    "doctor": "The command `frontdesk doctor`: checks each part and says what to do.",
    "dry run": "A test of triage: shows where a text would go, and creates no ticket.",
    "event": "A change of a ticket, with time and person.",
    "form": "A Slack modal with inputs.",
    "guest policy": "The rule whether guests and people of other workspaces may open tickets.",
    "incident": "Several tickets of different people about the same problem within an hour.",
    "job queue": "Redis and arq, which wake workers. The database is the to-do list.",
    "lease": "A worker's right to run a step for 30 seconds.",
    "member": "A person in Slack as Frontdesk knows them: role, skills, time zone.",
    "minimum priority": "A rule that a ticket's priority cannot be lower; no model overrides it.",
    "moderator": "A support agent: a member who gets tickets offered, and resolves them.",
    "notice": "One thing that a person must be told; its id keeps it from being sent twice.",
    "offer": "A ticket given to a moderator to claim or decline.",
    "priority": "low, normal, high or urgent.",
    "private category": "A category that an admin keeps from AI; such tickets never go to Gemini.",
    "prompt injection": "Text in a ticket that gives orders to a model.",
    "quarantine": "A ticket whose document cannot be read waits here, and holds up no other.",
    "redaction": "Replacing addresses, numbers and secrets by placeholders before text leaves.",
    "release": "Give a claimed ticket back; the next person gets it.",
    "replay": "Run a dead step again, with *Try again* in System health.",
    "requester": "The person who opened the ticket.",
    "resolve": "Mark a ticket as solved. The requester can reopen it.",
    "role": "user, moderator or admin.",
    "scope": "A right of an API token: tickets:read, tickets:write or admin.",
    "shadow prompt": "A prompt under test: asked about judged tickets, shown to nobody.",
    "skill": "Knowledge that moderators have and tickets need, with its synonyms.",
    "step": "One thing that a worker still has to do for a ticket, stored with the ticket.",
    "sweep": "The search for due steps, every five seconds by each worker.",
    "synonym": "Another word for a skill.",
    "ticket": "One request of one person, with a number such as T-42.",
    "ticket reading": "A ticket with the words, signs and rules that triage finds in its text.",
    "transition": "A change of a ticket's status by a person or by Frontdesk.",
    "triage": "Category, priority, skills, summary and notes of a ticket, and who gave them.",
    "trusted member": "A member whom an admin lets see confidential tickets.",
    "wake": "Tell a worker that a ticket has a due step. A lost wake-up only costs time.",
    "watcher": "A member who sees a ticket and gets a card that updates.",
    "webhook": "An address of a program that gets each event, signed.",
    "workspace": "The customer's Slack.",
}


def render_page() -> str:
    """The Markdown of docs/glossary.md."""
    rows = (f"| **{term}** | {meaning} |" for term, meaning in sorted(TERMS.items(), key=_by_name))
    return "\n".join(
        [
            "# Glossary",
            "",
            "One word for one thing, in Slack, e-mails, logs, documents and code.",
            "`.venv/bin/python -m models.glossary` prints this page; a test compares it.",
            "",
            "| term | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _by_name(row: tuple[str, str]) -> str:
    return row[0].casefold()


if __name__ == "__main__":
    print(render_page(), end="")
