"""Which solved tickets have a word, in MongoDB: for each stem a list of the newest of them.

An index over the words of all tickets finds a common word in ever more of them; a list is as long
as it may be, however old the desk is. Lists only point: what is found is read before it is shown.
"""

from collections import Counter
from collections.abc import Sequence

from models.infra.database import Database, translate_errors
from models.tickets.ticket import Ticket
from models.triage.similarity import significant_words
from models.triage.skills import stem

# Of each of so many words of a text, so many of the newest tickets with it are looked at; of those
# all, the ones that have most of the words. Words of one stem are one word.
_MAX_WORDS, _MAX_TICKETS_PER_WORD, _MAX_CANDIDATES = 8, 50, 60


class SolutionIndex:
    """Finds solved tickets by their words."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def add(self, ticket: Ticket) -> None:
        """Have a solved ticket found by its words; the same however often it is kept."""
        is_other = {"$ne": ["$$this", ticket.id]}
        others = {"$filter": {"input": {"$ifNull": ["$tickets", []]}, "cond": is_other}}
        newest = {"$slice": [{"$concatArrays": [others, [ticket.id]]}, -_MAX_TICKETS_PER_WORD]}
        stems = dict.fromkeys(map(stem, significant_words(ticket.text)))
        keys = [_key(ticket.team_id, one) for one in stems]
        async with translate_errors():
            await self._db.upsert_all("solutions", keys, [{"$set": {"tickets": newest}}])

    async def find_candidate_ids(self, ticket: Ticket) -> Sequence[str]:
        """The ids of solved tickets that have words of this one, those that have most first.

        The ending of a word does not matter, as it does not where titles are compared.
        """
        words = significant_words(ticket.text)
        stems = list(dict.fromkeys(map(stem, words)))[:_MAX_WORDS]
        # Older lists are of words as they stand; what is in both has the word once all the same.
        asked = {word: its for word in words if (its := stem(word)) in stems}
        asked |= {one: one for one in stems}
        keys = {_key(ticket.team_id, one): its for one, its in asked.items()}
        async with translate_errors():
            lists = await self._db.solutions.find({"_id": {"$in": [*keys]}}).to_list(len(keys))
        having = dict.fromkeys(
            (keys[each["_id"]], one) for each in lists for one in each["tickets"]
        )
        times = Counter(one for _, one in having if one != ticket.id)
        return [one for one, _ in times.most_common(_MAX_CANDIDATES)]


def _key(team_id: str, word: str) -> str:
    return f"{team_id}:{word}"
