"""Redaction: replaces secrets and personal data by placeholders before a text goes to an AI.

Doubtful cases are redacted too: this costs little, since `restore` puts the originals back into
the answer. The time is linear in the length of any text: repetitions in patterns are possessive or
bounded, and so is the number of candidates checked by a library.
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
# Only candidates with so few digits are checked by the library. Longer ones are always redacted:
# two phone numbers side by side are no valid number together.
_CHECKED_PHONE_DIGITS = range(7, 9)
_MAX_DATE_DIGITS = 10
# The library checks at most so many candidates of a text; all further ones are redacted.
_MAX_PHONE_CHECKS = 100
# The countries tried for a phone number without a country code.
_PHONE_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "IN")
_NOT_SECRET = re.compile(
    r"(?i)(?:not|wrong|expired|expiring|incorrect|invalid|required|needed|locked|being|too|correct"
    r"|no|nicht|falsch|abgelaufen|incorrecta?|expir\w{0,8})\W{0,3}$"
)
_CREDENTIAL_NAMES = (
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
    rf"(?i)(?<!\w)(?:\w{{0,30}}[_-])?(?:{_CREDENTIAL_NAMES})"
    r"[\"'`]?\s{0,3}(?:(?P<sign>[:=\uff1a])|\b(?:is|was|ist|lautet|war|est|es|é|era)\b)\s{0,3}"
    r"(?P<value>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|`[^`\n]{1,200}`|\S{1,200})"
)
_LONG_TOKEN = re.compile(r"(?<![\w+/])[\w+/-]{32,}+={0,2}", re.ASCII)
_PHONE_CANDIDATE = re.compile(r"(?<!\w)\+?\(?\d(?:[ \t().\u00a0\u2010-\u2013/-]{0,3}\d){6,}+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d[./]\d\d[./]\d{4}")
_DIGIT_GROUP = re.compile(r"\d+")
_CARD_CANDIDATE = re.compile(r"(?<!\d)\d(?:[ \t\u00a0-]?\d){12,}+")
# A look-ahead, since an IBAN may begin inside another candidate.
_IBAN_CANDIDATE = re.compile(r"(?i)(?<![A-Z0-9])(?=([A-Z]{2}\d\d(?:[ \u00a0-]?[A-Z0-9]){11,30}))")
_IPV6_CANDIDATE = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,46}+(?![\w:])")


@dataclass(frozen=True, slots=True)
class RedactedText:
    """A text with placeholders in place of secrets and personal data.

    Attributes:
        text: the text with placeholders.
        originals: the replaced text of each placeholder.
    """

    text: str = ""
    originals: dict[str, str] = field(default_factory=dict)

    def restore(self, text: str) -> str:
        """A text with originals in place of the placeholders; unknown placeholders stay."""
        return _PLACEHOLDER.sub(lambda match: self.originals.get(match[0], match[0]), text)


def redact(text: str) -> RedactedText:
    """The text with placeholders like [email-1]; equal originals get the same placeholder."""
    used = set(_PLACEHOLDER.findall(text))
    placeholders: dict[tuple[str, str], str] = {}
    parts, position = [], 0
    for start, end, kind in _merge_overlaps(_find_spans(text)):
        placeholder = placeholders.get((kind, text[start:end])) or _new_placeholder(kind, used)
        placeholders[kind, text[start:end]] = placeholder
        parts += [text[position:start], placeholder]
        position = end
    originals = {placeholder: original for (_, original), placeholder in placeholders.items()}
    return RedactedText("".join([*parts, text[position:]]), originals)


def redact_for_good(text: str) -> str:
    """The text with placeholders like [email], which cannot be restored."""
    parts, position = [], 0
    for start, end, kind in _merge_overlaps(_find_spans(text)):
        parts += [text[position:start], f"[{kind}]"]
        position = end
    return "".join([*parts, text[position:]])


def _new_placeholder(kind: str, used: set[str]) -> str:
    """A new placeholder that the text does not already contain; it is added to `used`."""
    number = 1 + sum(placeholder.startswith(f"[{kind}-") for placeholder in used)
    while f"[{kind}-{number}]" in used:
        number += 1
    used.add(f"[{kind}-{number}]")
    return f"[{kind}-{number}]"


def _merge_overlaps(spans: Iterator[Span]) -> list[Span]:
    """The spans in order, with overlapping ones merged into one of the first one's kind."""
    merged: list[Span] = []
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            first_start, last_end, first_kind = merged[-1]
            merged[-1] = (first_start, max(last_end, end), first_kind)
        else:
            merged.append((start, end, kind))
    return merged


def _find_spans(text: str) -> Iterator[Span]:
    for kind, pattern in _COMPILED_PATTERNS.items():
        yield from ((*match.span(), kind) for match in pattern.finditer(text))
    yield from _find_secrets(text)
    yield from _find_card_numbers(text)
    yield from _find_ibans(text)
    yield from _find_ipv6(text)
    yield from _find_phone_numbers(text)


def _find_secrets(text: str) -> Iterator[Span]:
    """Values after words like "password:", and long tokens.

    A long string with a slash may be a path: it is a token only if it mixes letters and digits.
    """
    for match in _NAMED_SECRET.finditer(text):
        if match["sign"] or not _NOT_SECRET.match(match["value"]):
            yield (*match.span("value"), "secret")
    for match in _LONG_TOKEN.finditer(text):
        is_mixed = any(map(str.isdigit, match[0])) and any(map(str.isalpha, match[0]))
        if is_mixed or "/" not in match[0]:
            yield (*match.span(), "secret")


def _find_card_numbers(text: str) -> Iterator[Span]:
    """Groups of digits that form a card number, also when more digits stand around them."""
    for run in _CARD_CANDIDATE.finditer(text):
        groups = [(*match.span(), match[0]) for match in _DIGIT_GROUP.finditer(run[0])]
        for first, (start, _, _) in enumerate(groups):
            digits = ""
            for _, end, group in groups[first : first + _CARD_DIGITS.stop]:
                digits += group
                if len(digits) >= _CARD_DIGITS.stop:
                    break
                if len(digits) in _CARD_DIGITS and luhn.is_valid(digits):
                    yield run.start() + start, run.start() + end, "card"


def _find_ibans(text: str) -> Iterator[Span]:
    for match in _IBAN_CANDIDATE.finditer(text):
        candidate = match[1].upper()
        ends = [end for end, char in enumerate(candidate, start=1) if char.isalnum()]
        compact = "".join(char for char in candidate if char.isalnum())
        for length in range(min(len(compact), _MAX_IBAN_LENGTH), _MIN_IBAN_LENGTH - 1, -1):
            if mod_97_10.is_valid(compact[4:length] + compact[:4]):
                yield match.start(), match.start() + ends[length - 1], "iban"
                break


def _find_ipv6(text: str) -> Iterator[Span]:
    for match in _IPV6_CANDIDATE.finditer(text):
        for candidate in (match[0], match[0].rstrip(".:")):
            if candidate.count(":") > 1 and _is_ipv6(candidate):
                yield match.start(), match.start() + len(candidate), "ip"
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
    """Whether this may be a phone number.

    A candidate with a country code, an area code or a leading zero is accepted unchecked.
    """
    if candidate.startswith(("+", "(", "0")):
        return True
    return any(_is_phone_in_region(candidate, region) for region in _PHONE_REGIONS)


def _is_phone_in_region(candidate: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(candidate, region))
    except phonenumbers.NumberParseException:
        return False
