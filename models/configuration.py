"""The desk's configuration: its closed lists of categories and skills, and what it starts with."""

from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict

from models.errors import OutOfTurn
from models.skill import Skill, Vocabulary, words
from models.triage import Category

MOST_SKILLS = 1000
# What a menu of Slack's holds:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
MOST_CATEGORIES = 100
NAME_LENGTH = 50


class Configuration(BaseModel):
    """What triage may say: skills, and categories, of which the last takes what fits no other."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    categories: tuple[Category, ...]
    skills: tuple[Skill, ...]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The skills, ready to be looked up."""
        return Vocabulary(self.skills)

    def category(self, name: str) -> Category | None:
        """The category of that name, or None when the desk has none."""
        wanted = name.strip().casefold()
        return next((c for c in self.categories if c.name.casefold() == wanted), None)

    def skill(self, name: str) -> Skill:
        """The skill of exactly that name; raises OutOfTurn when the desk has none."""
        for skill in self.skills:
            if skill.name == name:
                return skill
        raise OutOfTurn(f"The desk has no skill “{name}” any more. Please pick another one.")

    def means(self, term: str, *, besides: str = "") -> str | None:
        """The skill, other than one, that a name or alias stands for already."""
        others = (skill for skill in self.skills if skill.name != besides)
        return Vocabulary(others).canonical(term)

    # What an admin may change; each raises OutOfTurn when it can't be, or not any more.

    def naming(self, *names: str) -> Self:
        """With skills of these names, where it has none that is called so."""
        new = dict.fromkeys(name for name in names if self.vocabulary.canonical(name) is None)
        return self._having((*self.skills, *(Skill(name=name) for name in new)))

    def adding(self, skill: Skill) -> Self:
        """With one more skill."""
        fresh = self._free(skill)
        return self._having((*self.skills, fresh))

    def changing(self, name: str, to: Skill) -> Self:
        """With another name or other aliases for a skill; the old name stays one of them."""
        before = self.skill(name)
        if to.name != name:
            to = to.model_copy(update={"aliases": (*to.aliases, name)})
        fresh = self._free(to, besides=name)
        return self._having(tuple(fresh if one is before else one for one in self.skills))

    def merging(self, name: str, into: str) -> Self:
        """With one skill less, whose words all stand for another one from now on."""
        gone, kept = self.skill(name), self.skill(into)
        if gone is kept:
            raise OutOfTurn("A skill can't be merged into itself.")
        aliases = (*kept.aliases, gone.name, *gone.aliases)
        patterns = tuple(dict.fromkeys((*kept.patterns, *gone.patterns)))
        rest = self.removing(name)
        return rest.changing(into, Skill(name=into, aliases=aliases, patterns=patterns))

    def removing(self, name: str) -> Self:
        """With one skill less."""
        gone = self.skill(name)
        return self._having(tuple(one for one in self.skills if one is not gone))

    def placing(self, name: str | None, category: Category) -> Self:
        """With another category in place of one, or one more; the last stays the last."""
        other = self.category(category.name)
        if other and other.name != name:
            raise OutOfTurn(f"There is a category “{other.name}” already.")
        if name is None:
            return self._sorted_into((*self.categories[:-1], category, self.categories[-1]))
        before = self._category(name)
        return self._sorted_into(tuple(category if c is before else c for c in self.categories))

    def dropping(self, name: str) -> Self:
        """With one category less; never the last one, which takes what fits no other."""
        gone = self._category(name)
        if gone is self.categories[-1]:
            raise OutOfTurn(f"“{gone.name}” takes what fits no other category, and stays.")
        return self._sorted_into(tuple(one for one in self.categories if one is not gone))

    def _category(self, name: str) -> Category:
        for category in self.categories:
            if category.name == name:
                return category
        raise OutOfTurn(f"The desk has no category “{name}” any more. Please pick another one.")

    def _free(self, skill: Skill, *, besides: str = "") -> Skill:
        """The skill without aliases that say the same twice; none of its words is another's."""
        kept = {tuple(words(alias)): alias for alias in reversed(skill.aliases)}
        kept.pop(tuple(words(skill.name)), None)
        for term in (skill.name, *kept.values()):
            if other := self.means(term, besides=besides):
                raise OutOfTurn(f"“{term}” is another word for {other} already.")
        return skill.model_copy(update={"aliases": tuple(reversed(kept.values()))})

    def _having(self, skills: tuple[Skill, ...]) -> Self:
        if len(skills) > max(MOST_SKILLS, len(self.skills)):
            raise OutOfTurn(f"The desk has room for {MOST_SKILLS} skills.")
        # Not `model_copy`, which would take the vocabulary along.
        return type(self)(categories=self.categories, skills=skills)

    def _sorted_into(self, categories: tuple[Category, ...]) -> Self:
        if len(categories) > max(MOST_CATEGORIES, len(self.categories)):
            raise OutOfTurn(f"The desk has room for {MOST_CATEGORIES} categories.")
        return type(self)(categories=categories, skills=self.skills)


def _category(name: str, description: str, keywords: str) -> Category:
    return Category(name=name, description=description, keywords=tuple(keywords.split(", ")))


def _skill(name: str, aliases: str = "") -> Skill:
    return Skill(name=name, aliases=tuple(aliases.split(", ")) if aliases else ())


DEFAULT = Configuration(
    categories=(
        _category(
            "Access",
            "Signing in, passwords, accounts, permissions, two-factor codes.",
            "password, login, log in, sign in, account, locked, locked out, permission, access, "
            "reset, mfa, 2fa, authenticator, sso, okta, username, credentials",
        ),
        _category(
            "Email and calendar",
            "Sending, receiving, mailboxes, meetings, shared calendars.",
            "email, e-mail, mail, outlook, gmail, inbox, mailbox, calendar, meeting, invite, "
            "attachment, spam, signature, distribution list",
        ),
        _category(
            "Network",
            "VPN, Wi-Fi, internet, file shares, slow or missing connections.",
            "vpn, wifi, wi-fi, wlan, network, internet, connection, connect, disconnect, dns, "
            "proxy, firewall, slow connection, offline, router, ethernet, shared drive",
        ),
        _category(
            "Hardware",
            "Laptops, screens, keyboards, phones, docks, broken or new devices.",
            "laptop, computer, screen, monitor, keyboard, mouse, battery, charger, dock, docking, "
            "headset, camera, webcam, phone, broken, hardware, device, usb, fan, macbook",
        ),
        _category(
            "Printing",
            "Printers, scanners, paper, toner.",
            "printer, print, printing, scanner, scan, toner, paper jam, copier",
        ),
        _category(
            "Software",
            "Installing, updating, crashing or misbehaving programs; licences.",
            "install, installation, update, upgrade, crash, crashes, freeze, error message, "
            "licence, license, software, program, application, app, excel, word, teams, zoom, "
            "slack, browser, chrome",
        ),
        _category(
            "Security",
            "Phishing, malware, lost devices, leaks, suspicious activity.",
            "phishing, virus, malware, ransomware, suspicious, hacked, breach, stolen, "
            "lost laptop, lost phone, data leak, security, scam",
        ),
        _category(
            "Data and development",
            "Databases, repositories, servers, deployments, dashboards.",
            "database, sql, query, server, deploy, deployment, repository, git, github, gitlab, "
            "pipeline, build, api, dashboard, report, backup, production, mongodb, postgres",
        ),
        _category("Other", "Anything else.", "question, request, help"),
    ),
    skills=(
        _skill("vpn", "openvpn, wireguard, anyconnect, globalprotect"),
        _skill("wifi", "wi-fi, wlan, wireless"),
        _skill("network", "internet, dns, firewall, proxy, ethernet"),
        _skill("okta", "sso, single sign-on"),
        _skill("password", "passwords, passcode, locked out"),
        _skill("accounts", "account, permission, permissions, access rights"),
        _skill("mfa", "2fa, two-factor, authenticator"),
        _skill("email", "e-mail, mailbox, inbox, gmail"),
        _skill("outlook", "microsoft outlook"),
        _skill("calendar", "meeting invite, meeting room"),
        _skill("windows", "windows 10, windows 11"),
        _skill("mac", "macos, macbook, imac"),
        _skill("linux", "ubuntu, debian, fedora"),
        _skill("laptop", "notebook, laptops"),
        _skill("hardware", "keyboard, mouse, monitor, screen, dock, docking station, headset"),
        _skill("phone", "iphone, android, mobile phone"),
        _skill("printer", "printers, printing, print, scanner, toner"),
        _skill("office", "excel, word, powerpoint, microsoft 365, office 365"),
        _skill("video calls", "zoom, teams, google meet, webcam"),
        _skill("slack"),
        _skill("browser", "chrome, firefox, edge, safari"),
        _skill("licences", "license, licence, licenses"),
        _skill("security", "phishing, malware, virus, ransomware, hacked"),
        _skill("database", "databases, sql, postgres, postgresql, mysql, mongodb"),
        _skill("github", "git, gitlab, repository"),
        _skill("deployment", "deploy, ci, pipeline, kubernetes, docker"),
        _skill("python"),
        _skill("go", "golang"),
        _skill("c++"),
    ),
)
