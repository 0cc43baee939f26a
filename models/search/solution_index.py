"""An inverted index of solved tickets in MongoDB: the newest ticket ids for each word stem.

A MongoDB index over the words of all tickets would return ever more tickets for a common word.
These lists have a fixed maximum length. They hold only ids: callers read a ticket before they show
it.
"""

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from models.infra.database import Database, Document, translate_errors
from models.infra.document_reader import DocumentReader
from models.tickets.ticket import Ticket
from models.triage.similarity import significant_words
from models.triage.skills import stem

# A search reads the lists of at most 8 stems with at most 50 tickets each. It returns at most 60
# candidates, those with the most stems first. Words with the same stem count as one word.
_MAX_WORDS, _MAX_TICKETS_PER_WORD, _MAX_CANDIDATES = 8, 50, 60


class WordList(BaseModel):
    """The ids of the newest solved tickets with a word.

    Attributes:
        id: the workspace and the stem of the word.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    tickets: tuple[str, ...]


class SolutionIndex:
    """Finds solved tickets by their words."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "solutions", _list_from_document)

    async def add(self, ticket: Ticket) -> None:
        """Add a solved ticket to the lists of its word stems; adding it twice changes nothing."""
        is_other_ticket = {"$ne": ["$$this", ticket.id]}
        # A damaged list is replaced by a new one.
        stored = {"$cond": [{"$isArray": "$tickets"}, "$tickets", []]}
        others = {"$filter": {"input": stored, "cond": is_other_ticket}}
        newest = {"$slice": [{"$concatArrays": [others, [ticket.id]]}, -_MAX_TICKETS_PER_WORD]}
        stems = dict.fromkeys(map(stem, significant_words(ticket.text)))
        keys = [_key(ticket.team_id, word_stem) for word_stem in stems]
        async with translate_errors():
            await self._db.upsert_all("solutions", keys, [{"$set": {"tickets": newest}}])

    async def find_candidate_ids(self, ticket: Ticket) -> Sequence[str]:
        """The ids of solved tickets with words of this ticket, those with the most words first.

        Words are compared by their stems, as in `models.triage.similarity`.
        """
        words = significant_words(ticket.text)
        stems = list(dict.fromkeys(map(stem, words)))[:_MAX_WORDS]
        # Lists of earlier releases are keyed by whole words. A ticket in both lists counts once.
        stem_by_term = {word: word_stem for word in words if (word_stem := stem(word)) in stems}
        stem_by_term |= {word_stem: word_stem for word_stem in stems}
        stem_by_key = {
            _key(ticket.team_id, term): word_stem for term, word_stem in stem_by_term.items()
        }
        keys = list(stem_by_key)
        async with translate_errors():
            documents = await self._db.solutions.find({"_id": {"$in": keys}}).to_list(len(keys))
            lists = await self._reader.read_all(documents)
        matches = dict.fromkeys(
            (stem_by_key[word_list.id], ticket_id)
            for word_list in lists
            for ticket_id in word_list.tickets
        )
        counts = Counter(ticket_id for _, ticket_id in matches if ticket_id != ticket.id)
        return [ticket_id for ticket_id, _ in counts.most_common(_MAX_CANDIDATES)]


def _list_from_document(document: Document) -> WordList:
    return WordList.model_validate({**document, "id": document["_id"]})


def _key(team_id: str, word: str) -> str:
    return f"{team_id}:{word}"
