"""Redaction removes all planted secrets, restores them, and takes linear time."""

import time
from string import ascii_letters, digits

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from models.engine.redaction import redact, redact_for_good

LETTERS = st.text(ascii_letters, min_size=3, max_size=12)
KEY = st.text(ascii_letters + digits, min_size=24, max_size=40)
WORDS = st.sampled_from(["password", "Passwort", "contraseña", "mot de passe", "пароль", "api_key"])
TALK = st.sampled_from(
    [
        "my laptop is slow,",
        "seit gestern geht nichts\n",
        "(see below)",
        "no puedo entrar;",
        "",
        "ok.",
    ]
)


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A card number in one of the usual notations."""
    stem = "4" + draw(st.text(digits, min_size=14, max_size=14))
    number = stem + luhn.calc_check_digit(stem)
    groups = (number[start : start + 4] for start in (0, 4, 8, 12))
    return draw(st.sampled_from(["", " ", "-"])).join(groups)


@st.composite
def ibans(draw: st.DrawFn) -> str:
    """An IBAN, with or without spaces."""
    account = draw(st.text(digits, min_size=18, max_size=18))
    check = mod_97_10.calc_check_digits(f"{account}DE")
    number = f"DE{check}{account}"
    groups = (number[start : start + 4] for start in range(0, 22, 4))
    return draw(st.sampled_from(["", " "])).join(groups)


def _phone(region: str, shape: int) -> str:
    number = phonenumbers.example_number(region)
    assert number
    return phonenumbers.format_number(number, shape)


PHONES = st.builds(
    _phone,
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.sampled_from(
        [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
    ),
) | st.builds(
    _phone,
    st.sampled_from(["US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "BR", "IN"]),
    st.just(phonenumbers.PhoneNumberFormat.NATIONAL),
)
PLANTED = st.one_of(
    st.emails(domains=st.just("mail.example.org")).filter(
        lambda address: '"' not in address and "|" not in address
    ),
    cards(),
    ibans(),
    PHONES,
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str).filter(lambda address: len(address) > 4),
    st.builds("ghp_{}".format, KEY),
    st.builds("xoxb-{}-{}".format, LETTERS.map(lambda letters: f"{letters}123456"), KEY),
    st.builds("AKIA{}".format, st.text(digits + "QWERTZ", min_size=16, max_size=16)),
    st.builds("sk-{}".format, KEY),
    st.builds("eyJ{}.eyJ{}.{}".format, KEY, KEY, KEY),
    st.builds("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----".format, KEY),
    st.builds("<@U{}>".format, st.text(digits, min_size=8, max_size=8)),
    st.builds("<#C{}|general>".format, st.text(digits, min_size=8, max_size=8)),
)


@pytest.mark.fault("F67")
@given(st.lists(st.tuples(TALK, PLANTED), min_size=1, max_size=6), TALK)
def test_secrets_are_redacted_and_restored(parts: list[tuple[str, str]], end: str) -> None:
    text = " ".join([*(f"{talk} {planted}" for talk, planted in parts), end])

    redacted = redact(text)

    assert [planted for _, planted in parts if planted in redacted.text] == []
    assert [planted for _, planted in parts if planted in redact_for_good(text)] == []
    assert redacted.restore(redacted.text) == text
    assert redacted.text.count("[") >= 1


@given(WORDS, st.sampled_from([": ", " = ", ":", "\uff1a", " is "]), KEY, TALK)
def test_value_after_a_word_for_password_is_redacted(
    word: str, sign: str, secret: str, talk: str
) -> None:
    secret = f"{secret[:8]}!"

    redacted = redact(f"{talk} {word}{sign}{secret} {talk}")

    assert secret not in redacted.text
    assert redacted.restore(redacted.text) == f"{talk} {word}{sign}{secret} {talk}"


@given(st.text(max_size=300))
def test_any_text_is_restored_unchanged(text: str) -> None:
    redacted = redact(text)

    assert redacted.restore(redacted.text) == text


def test_equal_originals_share_a_placeholder() -> None:
    redacted = redact("ada@x.org, bob@x.org and ada@x.org")

    assert redacted.text == "[email-1], [email-2] and [email-1]"
    assert redacted.restore("ask [email-2], not [email-9]") == "ask bob@x.org, not [email-9]"


def test_placeholder_in_the_original_text_is_kept() -> None:
    redacted = redact("[email-1] is what I see instead of ada@x.org")

    assert redacted.restore(redacted.text) == "[email-1] is what I see instead of ada@x.org"
    assert redacted.text == "[email-1] is what I see instead of [email-2]"


@pytest.mark.parametrize(
    "plain",
    [
        "My password is not working since 2026-11-23 12:30:45",
        "Error 0x80070005 in step 3 of 12, see KB5034441",
        "The token expired; printer 4 on floor 2 says PC LOAD LETTER",
    ],
)
def test_harmless_text_is_not_redacted(plain: str) -> None:
    assert redact(plain).text == plain


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1 ", "@", "a@", "<@", "://", "AA11 ", "f:", "1.", "eyJa.", "password: ", "+(",
     "a_-", "-----BEGIN A B-----", "1234-5678-", "DE89370400440532013000 ", "212 555 1234, "],
)  # fmt: skip
def test_redaction_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        started_at = time.process_time()
        redact(text)
        return time.process_time() - started_at

    # Quadratic time would be a factor of 16. The factor 10 and 0.1 s allow for a busy machine.
    short = min(seconds(2000) for _ in range(2))
    assert min(seconds(8000) for _ in range(2)) < 10 * short + 0.1


def test_card_number_is_found_beside_other_characters() -> None:
    assert redact("card 4111 1111 1111 1111").text == "card [card-1]"
    assert redact("x4111111111111111 ").text == "x[card-1] "
