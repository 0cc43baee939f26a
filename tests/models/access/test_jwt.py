"""JWT verification: signature, purpose, lifetime and rotated keys."""

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
SIGNER = JwtSigner(SecretStr(KEY), [SecretStr(OLD)])
KID = jwt.get_unverified_header(SIGNER.sign(CLAIMS, Purpose.API))["kid"]
PAYLOAD = CLAIMS.model_dump() | {"iss": ISSUER, "aud": Purpose.API.value}


def forge_token(
    key: str = KEY,
    *,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """A token with changed claims; a claim that is None is left out."""
    payload = {name: value for name, value in (PAYLOAD | claims).items() if value is not None}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": KID} | (headers or {}))


def unsigned_token(header: dict[str, Any]) -> str:
    """A token without a signature."""
    parts = (json.dumps(part).encode() for part in (header, PAYLOAD))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


INVALID_TOKENS = {
    "no algorithm": unsigned_token({"alg": "none", "kid": KID}),
    "no algorithm, in other letters": unsigned_token({"alg": "NoNe", "kid": KID}),
    "another algorithm": forge_token(algorithm="HS512"),
    "another key": forge_token(OTHER),
    "another key's id": forge_token(headers={"kid": "00000000"}),
    "a path as the key's id": forge_token(headers={"kid": "../../dev/null"}),
    "a key from elsewhere": forge_token(OTHER, headers={"jku": "https://evil.example/keys"}),
    "expired": forge_token(exp=NOW - 120),
    "no expiry": forge_token(exp=None),
    "an expiry in words": forge_token(exp=str(NOW + 3600)),
    "a far expiry": forge_token(exp=253_402_300_799),
    "an endless expiry": forge_token(exp=10**18),
    "from the future": forge_token(iat=NOW + 600),
    "for something else": forge_token(aud=Purpose.LINK.value),
    "for several things": forge_token(aud=[Purpose.API.value, "x"]),
    "from somebody else": forge_token(iss="elsewhere"),
    "of nobody": forge_token(sub=None),
    "without an id": forge_token(jti=None),
    "of no workspace": forge_token(team=""),
    "garbage": "garbage",
    "nothing": "",
    "flipped": forge_token()[:-2] + "AA",
    "a megabyte": "a." * 500_000,
}


@pytest.mark.fault("F84")
@pytest.mark.parametrize("case", INVALID_TOKENS)
def test_an_invalid_token_is_refused(case: str) -> None:
    with pytest.raises(InvalidToken, match="not valid"):
        SIGNER.verify(INVALID_TOKENS[case], Purpose.API)


def test_a_valid_token_gives_its_claims() -> None:
    assert SIGNER.verify(SIGNER.sign(CLAIMS, Purpose.API), Purpose.API) == CLAIMS
    assert (
        SIGNER.verify(forge_token(headers={"jku": "https://evil.example"}), Purpose.API) == CLAIMS
    )


@pytest.mark.fault("F91")
def test_a_previous_key_is_accepted_until_it_is_removed() -> None:
    old = JwtSigner(SecretStr(OLD)).sign(CLAIMS, Purpose.API)

    assert SIGNER.verify(old, Purpose.API) == CLAIMS
    with pytest.raises(InvalidToken):
        JwtSigner(SecretStr(KEY)).verify(old, Purpose.API)
