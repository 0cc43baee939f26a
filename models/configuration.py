"""The desk's configuration: its closed lists of categories and skills, and what it starts with."""

from functools import cached_property

from pydantic import BaseModel, ConfigDict

from models.skill import Skill, Vocabulary
from models.triage import Category


class Configuration(BaseModel):
    """What triage may say: skills, and categories, of which the last takes what fits no other."""

    model_config = ConfigDict(frozen=True)

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
