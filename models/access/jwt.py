"""Signed tokens (JWT, RFC 7519): made and read here, by the only file that knows pyjwt.

A token only says who it was issued to, for what, and until when. Whether it still counts is asked
of the database at each use (`models.access`): a role that was lost or a token that was revoked
counts at once. The key is found by its id (`kid`); nothing else in a token's header is believed.
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
# A token of ours is a few hundred bytes long.
_MAX_TOKEN_LENGTH = 2_000
_CLOCK_LEEWAY = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a token is for, its `aud`: one for the API opens no link, and the reverse."""

    API = "frontdesk-api"
    LINK = "frontdesk-link"


class Claims(BaseModel):
    """What a token says.

    Attributes:
        sub: Slack id of the person it was issued to.
        scope: what it opens, separated by spaces.
        jti: its own id; the record of it has the same.
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
        """When it stops to count."""
        return datetime.fromtimestamp(self.exp, UTC)


@dataclass(frozen=True, slots=True)
class _SigningKey:
    id: str
    secret: str


class JwtSigner:
    """Makes tokens with the newest key, and reads those that it or an earlier one has signed."""

    def __init__(self, secret: SecretStr, previous: Sequence[SecretStr] = ()) -> None:
        """Take the key to sign with, and those that still count."""
        self._keys = [_to_signing_key(one) for one in (secret, *previous)]

    def sign(self, claims: Claims, purpose: Purpose) -> str:
        """The token that says this."""
        key = self._keys[0]
        payload = claims.model_dump() | {"iss": ISSUER, "aud": purpose.value}
        return jwt.encode(payload, key.secret, algorithm=_ALGORITHM, headers={"kid": key.id})

    def verify(self, token: str, purpose: Purpose) -> Claims:
        """What a token says.

        Raises:
            NoSuchToken: it is none of ours, is for something else, or has expired.
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
        said = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in self._keys if key.id == said), None)
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
    """A key and the id it goes by, from which nobody learns the key."""
    words = secret.get_secret_value()
    return _SigningKey(id=sha256(b"kid:" + words.encode()).hexdigest()[:8], secret=words)
