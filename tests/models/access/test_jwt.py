"""A token counts only when we have signed it, for this very use, and not for too long."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from models.access.jwt import ISSUER, Claims, JwtSigner, Purpose
from models.errors import InvalidToken

KEY, OLD, OTHER = ("k" * 64, "o" * 64, "x" * 64)
NOW = int(time.time())
CLAIMS = Claims(sub="UBOB", team="T1", scope="tickets:read", iat=NOW, exp=NOW + 3600, jti="j1")
TOKENS = JwtSigner(SecretStr(KEY), [SecretStr(OLD)])
KID = jwt.get_unverified_header(TOKENS.sign(CLAIMS, Purpose.API))["kid"]
SAID = CLAIMS.model_dump() | {"iss": ISSUER, "aud": Purpose.API.value}


def forged(
    key: str = KEY, *, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **said: Any
) -> str:
    """A token made elsewhere; what is said as None is left out."""
    payload = {name: value for name, value in (SAID | said).items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": KID} | (headers or {}))


def by_hand(header: dict[str, Any]) -> str:
    """A token without a signature."""
    parts = (json.dumps(part).encode() for part in (header, SAID))
    return ".".join([*(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts), ""])


INVALID_TOKENS = {
    "no algorithm": by_hand({"alg": "none", "kid": KID}),
    "no algorithm, in other letters": by_hand({"alg": "NoNe", "kid": KID}),
    "another algorithm": forged(algorithm="HS512"),
    "another key": forged(OTHER),
    "another key's id": forged(headers={"kid": "00000000"}),
    "a path as the key's id": forged(headers={"kid": "../../dev/null"}),
    "a key from elsewhere": forged(OTHER, headers={"jku": "https://evil.example/keys"}),
    "expired": forged(exp=NOW - 120),
    "no expiry": forged(exp=None),
    "an expiry in words": forged(exp=str(NOW + 3600)),
    "a far expiry": forged(exp=253_402_300_799),
    "an endless expiry": forged(exp=10**18),
    "from the future": forged(iat=NOW + 600),
    "for something else": forged(aud=Purpose.LINK.value),
    "for several things": forged(aud=[Purpose.API.value, "x"]),
    "from somebody else": forged(iss="elsewhere"),
    "of nobody": forged(sub=None),
    "without an id": forged(jti=None),
    "of no workspace": forged(team=""),
    "garbage": "garbage",
    "nothing": "",
    "flipped": forged()[:-2] + "AA",
    "a megabyte": "a." * 500_000,
}


@pytest.mark.fault("F84")
@pytest.mark.parametrize("case", INVALID_TOKENS)
def test_what_we_have_not_signed_for_this_is_no_token(case: str) -> None:
    with pytest.raises(InvalidToken, match="not valid"):
        TOKENS.verify(INVALID_TOKENS[case], Purpose.API)


def test_what_we_have_signed_says_what_it_said() -> None:
    assert TOKENS.verify(TOKENS.sign(CLAIMS, Purpose.API), Purpose.API) == CLAIMS
    assert TOKENS.verify(forged(headers={"jku": "https://evil.example"}), Purpose.API) == CLAIMS


@pytest.mark.fault("F91")
def test_an_earlier_key_counts_until_it_is_forgotten() -> None:
    old = JwtSigner(SecretStr(OLD)).sign(CLAIMS, Purpose.API)

    assert TOKENS.verify(old, Purpose.API) == CLAIMS
    with pytest.raises(InvalidToken):
        JwtSigner(SecretStr(KEY)).verify(old, Purpose.API)
