"""The members who may be offered a ticket, with their skills and open tickets."""

from dataclasses import dataclass

from models.assignment.matching import Candidate
from models.assignment.workload import Workload
from models.people.store import MemberStore
from models.triage.taxonomy import Taxonomy
from models.triage.taxonomy_store import TaxonomyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateList:
    """Lists the candidates for new tickets."""

    members: MemberStore
    taxonomies: TaxonomyStore
    workload: Workload

    async def load(self, team_id: str) -> tuple[list[Candidate], Taxonomy]:
        """All moderators and admins, with current skill names, and the taxonomy."""
        taxonomy = await self.taxonomies.get_taxonomy(team_id)
        vocabulary = taxonomy.vocabulary
        open_tickets = await self.workload.open_ticket_counts(team_id)
        candidates = [
            Candidate(
                member=member.model_copy(
                    update={"skills": vocabulary.current_names(member.skills)}
                ),
                open_tickets=open_tickets[member.slack_id],
            )
            for member in await self.members.moderators(team_id)
        ]
        return candidates, taxonomy
