"""What must not leave for an AI: found in a text, replaced by placeholders, and put back.

Whatever looks like it goes: that too much is hidden costs little, since it comes back in the
answer. All of it takes a time that grows as the text does, whatever the text is: repetitions are
possessive or bounded, and what is checked at all is checked a bounded number of times.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address

import phonenumbers
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

Span = tuple[int, int, str]

_PLACEHOLDER = re.compile(r"\[(?:[a-z]{2,8})-[0-9]{1,5}\]")
_MAX_IBAN_LENGTH, _MIN_IBAN_LENGTH = 34, 15
_CARD_DIGITS = range(13, 20)
# What is longer counts as a number unseen: two that stand side by side are none together.
_CHECKED_PHONE_DIGITS = range(7, 9)
_MAX_DATE_DIGITS = 10
# So many candidates are held against the library; of a text with more all count as numbers.
_MAX_PHONE_CHECKS = 100
# Where a number without a country may be from.
_PHONE_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "IN")
_NOT_SECRET = re.compile(
    r"(?i)(?:not|wrong|expired|expiring|incorrect|invalid|required|needed|locked|being|too|correct"
    r"|no|nicht|falsch|abgelaufen|incorrecta?|expir\w{0,8})\W{0,3}$"
)
_SECRET_NAMES = (
    r"pass(?:word|wd|phrase|code)s?|pwd?|passwort|kennwort|contraseña|contrasena|clave|mot de passe"
    r"|senha|palavra-passe|parola|wachtwoord|lösenord|adgangskode|passord|salasana|hasło|heslo"
    r"|jelszó|şifre|пароль|密码|密碼|パスワード|비밀번호|pin|otp|api[_ -]?key|secret(?:[_ -]key)?"
    r"|access[_ -]key|token"
)
_SIMPLE_PATTERNS = {
    "mention": r"<[@#!][^<>]{1,200}>|(?<![\w@.])@[\w.-]{2,80}",
    "email": r"(?<![\w.%+'-])[\w.%+'-]++@[\w.-]{1,253}",
    "secret": (
        r"-----BEGIN [A-Z0-9 ]{3,40}-----[\s\S]*?(?:-----END [A-Z0-9 ]{3,40}-----|\Z)"
        r"|(?<=://)[^\s/@]{1,200}@"
        r"|\b(?:xox[a-z]|xapp)-[\w-]{8,}+|\b(?:AKIA|ASIA)[0-9A-Z]{12,}+"
        r"|\b(?:gh[a-z]|hf|npm|pypi|sk|rk|pk)_[\w-]{12,}+|\bgithub_pat_\w{20,}+"
        r"|\b(?:sk|glpat|dop)-[\w-]{12,}+|\bAIza[\w-]{20,}+|\bya29\.[\w-]{10,}+"
        r"|\beyJ[\w-]{4,}+\.[\w-]{4,}+(?:\.[\w-]*+)?"
        r"|(?i:\bbearer\s{1,3})[\w.~+/=-]{8,}+"
    ),
    "ip": r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d)",
}
_COMPILED_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _SIMPLE_PATTERNS.items()}
_NAMED_SECRET = re.compile(
    rf"(?i)(?<!\w)(?:\w{{0,30}}[_-])?(?:{_SECRET_NAMES})"
    r"[\"'`]?\s{0,3}(?:(?P<sign>[:=\uff1a])|\b(?:is|was|ist|lautet|war|est|es|é|era)\b)\s{0,3}"
    r"(?P<told>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|`[^`\n]{1,200}`|\S{1,200})"
)
_LONG_TOKEN = re.compile(r"(?<![\w+/])[\w+/-]{32,}+={0,2}", re.ASCII)
_PHONE_CANDIDATE = re.compile(r"(?<!\w)\+?\(?\d(?:[ \t().\u00a0\u2010-\u2013/-]{0,3}\d){6,}+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d[./]\d\d[./]\d{4}")
_DIGIT_GROUP = re.compile(r"\d+")
_CARD_CANDIDATE = re.compile(r"(?<!\d)\d(?:[ \t\u00a0-]?\d){12,}+")
# What looks like one may begin inside what looked like another.
_IBAN_CANDIDATE = re.compile(r"(?i)(?<![A-Z0-9])(?=([A-Z]{2}\d\d(?:[ \u00a0-]?[A-Z0-9]){11,30}))")
_IPV6_CANDIDATE = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,46}+(?![\w:])")


@dataclass(frozen=True, slots=True)
class RedactedText:
    """A text without what must not leave.

    Attributes:
        known: by placeholder, what stood there.
    """

    text: str = ""
    originals: dict[str, str] = field(default_factory=dict)

    def restore(self, text: str) -> str:
        """A text with what its placeholders stand for; those that stand for nothing stay."""
        return _PLACEHOLDER.sub(lambda match: self.originals.get(match[0], match[0]), text)


def redact(text: str) -> RedactedText:
    """The text with placeholders like [email-1]; the same thing has the same one throughout."""
    taken = set(_PLACEHOLDER.findall(text))
    names: dict[tuple[str, str], str] = {}
    parts, at = [], 0
    for start, end, kind in _merge_overlaps(_find_spans(text)):
        name = names.get((kind, text[start:end])) or _new_placeholder(kind, taken)
        names[kind, text[start:end]] = name
        parts += [text[at:start], name]
        at = end
    known = {name: original for (_, original), name in names.items()}
    return RedactedText("".join([*parts, text[at:]]), known)


def redact_for_good(text: str) -> str:
    """The text with placeholders that nobody can tell apart: [email]."""
    parts, at = [], 0
    for start, end, kind in _merge_overlaps(_find_spans(text)):
        parts += [text[at:start], f"[{kind}]"]
        at = end
    return "".join([*parts, text[at:]])


def _new_placeholder(kind: str, used: set[str]) -> str:
    """A placeholder that the text does not hold by itself."""
    number = 1 + sum(name.startswith(f"[{kind}-") for name in used)
    while f"[{kind}-{number}]" in used:
        number += 1
    used.add(f"[{kind}-{number}]")
    return f"[{kind}-{number}]"


def _merge_overlaps(spans: Iterator[Span]) -> list[Span]:
    """The spans in order; those that overlap are one."""
    joined: list[Span] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if joined and start < joined[-1][1]:
            first, last, name = joined[-1]
            joined[-1] = (first, max(last, end), name)
        else:
            joined.append((start, end, kind))
    return joined


def _find_spans(text: str) -> Iterator[Span]:
    for kind, pattern in _COMPILED_PATTERNS.items():
        yield from ((*match.span(), kind) for match in pattern.finditer(text))
    yield from _find_secrets(text)
    yield from _find_card_numbers(text)
    yield from _find_ibans(text)
    yield from _find_ipv6(text)
    yield from _find_phone_numbers(text)


def _find_secrets(text: str) -> Iterator[Span]:
    """What follows "password:" and its like, and long strings of all kinds of characters."""
    for match in _NAMED_SECRET.finditer(text):
        if match["sign"] or not _NOT_SECRET.match(match["told"]):
            yield (*match.span("told"), "secret")
    for match in _LONG_TOKEN.finditer(text):
        mixed = any(map(str.isdigit, match[0])) and any(map(str.isalpha, match[0]))
        if mixed or "/" not in match[0]:
            yield (*match.span(), "secret")


def _find_card_numbers(text: str) -> Iterator[Span]:
    """Groups of digits in a row that are a card's number, whatever digits stand around them."""
    for run in _CARD_CANDIDATE.finditer(text):
        groups = [(*match.span(), match[0]) for match in _DIGIT_GROUP.finditer(run[0])]
        for first, (start, _, _) in enumerate(groups):
            digits = ""
            for _, end, more in groups[first : first + _CARD_DIGITS.stop]:
                digits += more
                if len(digits) >= _CARD_DIGITS.stop:
                    break
                if len(digits) in _CARD_DIGITS and luhn.is_valid(digits):
                    yield run.start() + start, run.start() + end, "card"


def _find_ibans(text: str) -> Iterator[Span]:
    for match in _IBAN_CANDIDATE.finditer(text):
        told = match[1].upper()
        ends = [at for at, char in enumerate(told, start=1) if char.isalnum()]
        compact = "".join(char for char in told if char.isalnum())
        for length in range(min(len(compact), _MAX_IBAN_LENGTH), _MIN_IBAN_LENGTH - 1, -1):
            if mod_97_10.is_valid(compact[4:length] + compact[:4]):
                yield match.start(), match.start() + ends[length - 1], "iban"
                break


def _find_ipv6(text: str) -> Iterator[Span]:
    for match in _IPV6_CANDIDATE.finditer(text):
        for told in (match[0], match[0].rstrip(".:")):
            if told.count(":") > 1 and _is_ipv6(told):
                yield match.start(), match.start() + len(told), "ip"
                break


def _is_ipv6(candidate: str) -> bool:
    try:
        IPv6Address(candidate)
    except ValueError:
        return False
    return True


def _find_phone_numbers(text: str) -> Iterator[Span]:
    checked = 0
    for match in _PHONE_CANDIDATE.finditer(text):
        digits = sum(map(str.isdigit, match[0]))
        is_date = _DATE.match(match[0]) and digits <= _MAX_DATE_DIGITS
        if is_date or digits < _CHECKED_PHONE_DIGITS.start:
            continue
        checked += 1
        if (
            digits >= _CHECKED_PHONE_DIGITS.stop
            or checked > _MAX_PHONE_CHECKS
            or _is_phone(match[0])
        ):
            yield (*match.span(), "phone")


def _is_phone(candidate: str) -> bool:
    """Whether somebody may be called so; what says its country need only be possible."""
    if candidate.startswith(("+", "(", "0")):
        return True
    return any(_is_phone_in_region(candidate, region) for region in _PHONE_REGIONS)


def _is_phone_in_region(candidate: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(candidate, region))
    except phonenumbers.NumberParseException:
        return False
