"""Signs and verifies tokens (JWT, RFC 7519); the only file that imports pyjwt.

A token says only its owner, its scope and its expiry. `ApiTokenStore` reads its record and its
owner from the database at each use. So a revocation or a lost role takes effect at once.
The token's `kid` header selects the key; all other headers are ignored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import jwt
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from models.errors import InvalidToken

ISSUER = "frontdesk"
_ALGORITHM = "HS256"
_REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "jti"]
MAX_LIFETIME = timedelta(days=90)
# Our tokens are a few hundred bytes long.
_MAX_TOKEN_LENGTH = 2_000
_CLOCK_LEEWAY = timedelta(minutes=1)


class Purpose(StrEnum):
    """The use of a token, its `aud`: an API token opens no link, and a link calls no API."""

    API = "frontdesk-api"
    LINK = "frontdesk-link"


class Claims(BaseModel):
    """The claims of a token, by their names in RFC 7519.

    Attributes:
        sub: Slack id of its owner.
        team: id of the owner's workspace.
        scope: its scopes, separated by spaces; for a link, verb and ticket id.
        iat, exp: when it was issued and when it expires, in seconds since 1970.
        jti: its id; its record in the database has the same.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, strict=True)

    sub: str = Field(min_length=1, max_length=50)
    team: str = Field(min_length=1, max_length=50)
    scope: str = Field(max_length=500)
    iat: int
    exp: int
    jti: str = Field(min_length=1, max_length=50)

    @property
    def expires_at(self) -> datetime:
        """The end of its lifetime."""
        return datetime.fromtimestamp(self.exp, UTC)


@dataclass(frozen=True, slots=True)
class _SigningKey:
    id: str
    secret: str


class JwtSigner:
    """Signs tokens with the newest key, and verifies those of the previous keys, too."""

    def __init__(self, secret: SecretStr, previous: Sequence[SecretStr] = ()) -> None:
        """Take the key to sign with, and the previous keys that are still accepted."""
        self._keys = [_to_signing_key(one) for one in (secret, *previous)]

    def sign(self, claims: Claims, purpose: Purpose) -> str:
        """A token with these claims."""
        key = self._keys[0]
        payload = claims.model_dump() | {"iss": ISSUER, "aud": purpose.value}
        return jwt.encode(payload, key.secret, algorithm=_ALGORITHM, headers={"kid": key.id})

    def verify(self, token: str, purpose: Purpose) -> Claims:
        """The claims of a token.

        Raises:
            InvalidToken: it is not ours, has another purpose, or has expired.
        """
        try:
            if len(token) > _MAX_TOKEN_LENGTH:
                raise jwt.InvalidTokenError("too long")
            claims = self._decode(token, purpose)
        except (jwt.PyJWTError, ValidationError, ValueError) as error:
            raise InvalidToken from error
        if claims.exp - claims.iat > MAX_LIFETIME.total_seconds():
            raise InvalidToken
        return claims

    def _decode(self, token: str, purpose: Purpose) -> Claims:
        key_id = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in self._keys if key.id == key_id), None)
        if key is None:
            raise jwt.InvalidKeyError("unknown key")
        payload: dict[str, Any] = jwt.decode(
            token,
            key.secret,
            algorithms=[_ALGORITHM],
            audience=purpose.value,
            issuer=ISSUER,
            leeway=_CLOCK_LEEWAY,
            options={"require": _REQUIRED_CLAIMS, "strict_aud": True},
        )
        return Claims.model_validate(payload)


def _to_signing_key(secret: SecretStr) -> _SigningKey:
    """The key with its id: a short hash, so the id does not reveal the key."""
    key = secret.get_secret_value()
    return _SigningKey(id=sha256(b"kid:" + key.encode()).hexdigest()[:8], secret=key)
