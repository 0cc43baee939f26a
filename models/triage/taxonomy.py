"""Taxonomy: a workspace's closed lists of categories and skills, and the default lists."""

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict

from models.errors import Conflict
from models.triage.result import Category
from models.triage.skills import Skill, Vocabulary, words

MAX_SKILLS = 1000
# The limit of options in a Slack menu:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
MAX_CATEGORIES = 100
MAX_NAME_LENGTH = 50


class Taxonomy(BaseModel):
    """The categories and skills that triage may choose from.

    The last category takes the tickets that fit no other.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    categories: tuple[Category, ...]
    skills: tuple[Skill, ...]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The skills, ready to be found by name and in texts."""
        return Vocabulary(self.skills)

    def find_category(self, name: str) -> Category | None:
        """The category with this name in upper or lower case, or None if there is none."""
        normalized = name.strip().casefold()
        return next((c for c in self.categories if c.name.casefold() == normalized), None)

    @property
    def has_private_category(self) -> bool:
        """Whether the tickets of some category are never sent to an AI."""
        return any(category.private for category in self.categories)

    def is_private(self, name: str) -> bool:
        """Whether this category exists and its tickets are never sent to an AI."""
        category = self.find_category(name)
        return category is not None and category.private

    def get_skill(self, name: str) -> Skill:
        """The skill with exactly this name.

        Raises:
            Conflict: there is none, or none any more.
        """
        for skill in self.skills:
            if skill.name == name:
                return skill
        raise Conflict(f"There is no skill “{name}” any more. Please pick another one.")

    def skill_meaning(self, term: str, *, except_skill: str = "") -> str | None:
        """The name of the skill that already has this name or alias, or None.

        Args:
            term: the name or alias.
            except_skill: the name of a skill to leave out.
        """
        others = (skill for skill in self.skills if skill.name != except_skill)
        return Vocabulary(others).canonical_name(term)

    # Changes by admins; each raises Conflict if it is not possible, or not possible any more.

    def with_skills(self, *names: str) -> Self:
        """A copy with new skills of these names; names and aliases that exist are left out."""
        new = dict.fromkeys(name for name in names if self.vocabulary.canonical_name(name) is None)
        return self._with_all_skills((*self.skills, *(Skill(name=name) for name in new)))

    def with_new_skill(self, skill: Skill) -> Self:
        """A copy with one more skill."""
        return self._with_all_skills((*self.skills, self._with_unique_terms(skill)))

    def with_changed_skill(self, name: str, changed_skill: Skill) -> Self:
        """A copy with a changed skill; after a change of its name, the old name is an alias."""
        before = self.get_skill(name)
        # A form knows only the fields of this release.
        changed_skill = before.model_copy(update=dict(changed_skill))
        if changed_skill.name != name:
            changed_skill = changed_skill.model_copy(
                update={"aliases": (*changed_skill.aliases, name)}
            )
        after = self._with_unique_terms(changed_skill, except_skill=name)
        return self._with_all_skills(
            tuple(after if skill is before else skill for skill in self.skills)
        )

    def with_merged_skill(self, name: str, target_name: str) -> Self:
        """A copy without a skill; its name, aliases and patterns move to the target skill."""
        source, target = self.get_skill(name), self.get_skill(target_name)
        if source is target:
            raise Conflict("A skill can't be merged into itself.")
        aliases = (*target.aliases, source.name, *source.aliases)
        patterns = tuple(dict.fromkeys((*target.patterns, *source.patterns)))
        merged = target.model_copy(update={"aliases": aliases, "patterns": patterns})
        return self.without_skill(name).with_changed_skill(target_name, merged)

    def without_skill(self, name: str) -> Self:
        """A copy without a skill."""
        removed = self.get_skill(name)
        return self._with_all_skills(tuple(skill for skill in self.skills if skill is not removed))

    def with_category(self, name: str | None, category: Category) -> Self:
        """A copy with a category replaced or, if `name` is None, added before the last one."""
        other = self.find_category(category.name)
        if other and other.name != name:
            raise Conflict(f"There is a category “{other.name}” already. Choose another name.")
        if name is None:
            return self._with_all_categories((*self.categories[:-1], category, self.categories[-1]))
        before = self._get_category(name)
        return self._with_all_categories(
            tuple(category if c is before else c for c in self.categories)
        )

    def without_category(self, name: str) -> Self:
        """A copy without a category; the last category cannot be removed."""
        removed = self._get_category(name)
        if removed is self.categories[-1]:
            raise Conflict(
                f"“{removed.name}” can't be removed: it takes the tickets that fit no other "
                "category."
            )
        return self._with_all_categories(
            tuple(category for category in self.categories if category is not removed)
        )

    def _get_category(self, name: str) -> Category:
        for category in self.categories:
            if category.name == name:
                return category
        raise Conflict(f"There is no category “{name}” any more. Please pick another one.")

    def _with_unique_terms(self, skill: Skill, *, except_skill: str = "") -> Skill:
        """The skill without duplicate aliases; raises Conflict if another skill has its terms."""
        aliases = {tuple(words(alias)): alias for alias in reversed(skill.aliases)}
        aliases.pop(tuple(words(skill.name)), None)
        for term in (skill.name, *aliases.values()):
            if other := self.skill_meaning(term, except_skill=except_skill):
                raise Conflict(f"“{term}” is already a name or synonym of {other}.")
        return skill.model_copy(update={"aliases": tuple(reversed(aliases.values()))})

    def _with_all_skills(self, skills: tuple[Skill, ...]) -> Self:
        if len(skills) > max(MAX_SKILLS, len(self.skills)):
            raise Conflict(f"There can be at most {MAX_SKILLS} skills. Remove or merge some first.")
        # `model_copy` would also copy the cached vocabulary of the old skills.
        return type(self)(categories=self.categories, skills=skills)

    def _with_all_categories(self, categories: tuple[Category, ...]) -> Self:
        if len(categories) > max(MAX_CATEGORIES, len(self.categories)):
            raise Conflict(f"There can be at most {MAX_CATEGORIES} categories. Remove some first.")
        return type(self)(categories=categories, skills=self.skills)


def _make_category(name: str, description: str, keywords: str) -> Category:
    return Category(name=name, description=description, keywords=tuple(keywords.split(", ")))


def _make_skill(name: str, aliases: str = "") -> Skill:
    return Skill(name=name, aliases=tuple(aliases.split(", ")) if aliases else ())


DEFAULT_TAXONOMY = Taxonomy(
    categories=(
        _make_category(
            "Access",
            "Signing in, passwords, accounts, permissions, two-factor codes.",
            "password, login, log in, sign in, account, locked, locked out, permission, access, "
            "reset, mfa, 2fa, authenticator, sso, okta, username, credentials",
        ),
        _make_category(
            "Email and calendar",
            "Sending, receiving, mailboxes, meetings, shared calendars.",
            "email, e-mail, mail, outlook, gmail, inbox, mailbox, calendar, meeting, invite, "
            "attachment, spam, signature, distribution list",
        ),
        _make_category(
            "Network",
            "VPN, Wi-Fi, internet, file shares, slow or missing connections.",
            "vpn, wifi, wi-fi, wlan, network, internet, connection, connect, disconnect, dns, "
            "proxy, firewall, slow connection, offline, router, ethernet, shared drive",
        ),
        _make_category(
            "Hardware",
            "Laptops, screens, keyboards, phones, docks, broken or new devices.",
            "laptop, computer, screen, monitor, keyboard, mouse, battery, charger, dock, docking, "
            "headset, camera, webcam, phone, broken, hardware, device, usb, fan, macbook",
        ),
        _make_category(
            "Printing",
            "Printers, scanners, paper, toner.",
            "printer, print, printing, scanner, scan, toner, paper jam, copier",
        ),
        _make_category(
            "Software",
            "Installing, updating, crashing or misbehaving programs; licences.",
            "install, installation, update, upgrade, crash, crashes, freeze, error message, "
            "licence, license, software, program, application, app, excel, word, teams, zoom, "
            "slack, browser, chrome",
        ),
        _make_category(
            "Security",
            "Phishing, malware, lost devices, leaks, suspicious activity.",
            "phishing, virus, malware, ransomware, suspicious, hacked, breach, stolen, "
            "lost laptop, lost phone, data leak, security, scam",
        ),
        _make_category(
            "Data and development",
            "Databases, repositories, servers, deployments, dashboards.",
            "database, sql, query, server, deploy, deployment, repository, git, github, gitlab, "
            "pipeline, build, api, dashboard, report, backup, production, mongodb, postgres",
        ),
        _make_category("Other", "Anything else.", "question, request, help"),
    ),
    skills=(
        _make_skill("vpn", "openvpn, wireguard, anyconnect, globalprotect"),
        _make_skill("wifi", "wi-fi, wlan, wireless"),
        _make_skill("network", "internet, dns, firewall, proxy, ethernet"),
        _make_skill("okta", "sso, single sign-on"),
        _make_skill("password", "passwords, passcode, locked out"),
        _make_skill("accounts", "account, permission, permissions, access rights"),
        _make_skill("mfa", "2fa, two-factor, authenticator"),
        _make_skill("email", "e-mail, mailbox, inbox, gmail"),
        _make_skill("outlook", "microsoft outlook"),
        _make_skill("calendar", "meeting invite, meeting room"),
        _make_skill("windows", "windows 10, windows 11"),
        _make_skill("mac", "macos, macbook, imac"),
        _make_skill("linux", "ubuntu, debian, fedora"),
        _make_skill("laptop", "notebook, laptops"),
        _make_skill("hardware", "keyboard, mouse, monitor, screen, dock, docking station, headset"),
        _make_skill("phone", "iphone, android, mobile phone"),
        _make_skill("printer", "printers, printing, print, scanner, toner"),
        _make_skill("office", "excel, word, powerpoint, microsoft 365, office 365"),
        _make_skill("video calls", "zoom, teams, google meet, webcam"),
        _make_skill("slack"),
        _make_skill("browser", "chrome, firefox, edge, safari"),
        _make_skill("licences", "license, licence, licenses"),
        _make_skill("security", "phishing, malware, virus, ransomware, hacked"),
        _make_skill("database", "databases, sql, postgres, postgresql, mysql, mongodb"),
        _make_skill("github", "git, gitlab, repository"),
        _make_skill("deployment", "deploy, ci, pipeline, kubernetes, docker"),
        _make_skill("python"),
        _make_skill("go", "golang"),
        _make_skill("c++"),
    ),
)
# Used while the stored taxonomy is damaged: nobody knows which categories are private.
FALLBACK_TAXONOMY = Taxonomy(
    categories=tuple(
        category.model_copy(update={"private": True}) for category in DEFAULT_TAXONOMY.categories
    ),
    skills=DEFAULT_TAXONOMY.skills,
)
