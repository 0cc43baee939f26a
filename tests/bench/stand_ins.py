"""`python -m tests.bench.stand_ins`: fast stand-ins for Slack, Gemini and the mail server.

The sandbox checks requests as strictly as Slack does, which would take most of the measured time.
The stand-ins only answer, after a set delay. `/counts` returns the number of calls, `/view` the
last opened form, and `/requests` the last thousand requests since its last call.
"""

import asyncio
import json
import os
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TEAM, BOT_USER = "T0BENCH", "U0BENCHBOT"
_MAX_LOGGED_REQUESTS = 1000
_SCOPES = "chat:write,commands,im:history,im:write,usergroups:read,users:read,users:read.email"


class ServiceStandIns:
    """An ASGI app that answers as Slack and Gemini.

    Attributes:
        delay_seconds: the delay of each service, for the network and the service itself.
        call_counts: the number of calls of each kind.
    """

    def __init__(self, delay_seconds: dict[str, float]) -> None:
        self.delay_seconds = delay_seconds
        self.call_counts: Counter[str] = Counter()
        self._last_view: Any = {}
        self._request_log: deque[dict[str, Any]] = deque(maxlen=_MAX_LOGGED_REQUESTS)
        self._message_numbers = count(1)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        data = body or bytes(scope["query_string"])
        answer = await self._respond(str(scope["path"]), data)
        headers = [(b"content-type", b"application/json"), (b"x-oauth-scopes", _SCOPES.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def _respond(self, path: str, body: bytes) -> Any:
        if path == "/counts":
            return self.call_counts
        if path == "/view":
            return self._last_view
        if path == "/requests":
            requests = list(self._request_log)
            self._request_log.clear()
            return requests
        if path == "/delays":
            self.delay_seconds = json.loads(body)
            return self.delay_seconds
        if path.startswith("/v1beta/"):
            return await self._gemini()
        return await self._slack(path.removeprefix("/api/"), body)

    def log_request(self, kind: str, **fields: Any) -> None:
        """Record a request for `/requests`."""
        self._request_log.append({"kind": kind, "at": time.time(), **fields})

    async def _gemini(self) -> Any:
        self.call_counts["generateContent"] += 1
        await asyncio.sleep(self.delay_seconds.get("gemini", 0))
        triage = {
            "category": "Network",
            "priority": "normal",
            "skills": ["vpn"],
            "summary": "The VPN does not connect.",
            "notes": "See whether the client is up to date.",
            "confidence": 0.9,
        }
        content = {"parts": [{"text": json.dumps(triage)}], "role": "model"}
        return {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 800, "totalTokenCount": 900},
        }

    async def _slack(self, method: str, body: bytes) -> Any:
        self.call_counts[method] += 1
        fields = _parse_body(body)
        await asyncio.sleep(self.delay_seconds.get("slack", 0))
        self.log_request("slack", method=method, fields=fields, json=body.startswith(b"{"))
        result: dict[str, Any] = {}
        match method:
            case "auth.test":
                result = {
                    "team_id": TEAM,
                    "team": "Bench",
                    "user_id": BOT_USER,
                    "bot_id": "B0BENCH",
                }
            case "users.info":
                result = {"user": _user_profile(fields["user"])}
            case "conversations.open":
                result = {"channel": {"id": f"D{fields['users'][1:]}"}}
            case "conversations.history":
                result = {"messages": []}
            case "chat.postMessage" | "chat.update":
                result = {"ts": fields.get("ts") or f"1.{next(self._message_numbers):06d}"}
            case "views.open" | "views.update":
                view = fields["view"]
                self._last_view = json.loads(view) if isinstance(view, str) else view
                result = {"view": {"id": f"V{next(self._message_numbers)}"}}
        return {"ok": True, **result}


class _MailHandler:
    """Accepts every e-mail."""

    def __init__(self, stand_ins: ServiceStandIns) -> None:
        self._stand_ins = stand_ins

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Accept the e-mail after the set delay."""
        self._stand_ins.call_counts["email"] += 1
        await asyncio.sleep(self._stand_ins.delay_seconds.get("smtp", 0))
        self._stand_ins.log_request("email", content=(envelope.original_content or b"").decode())
        return "250 OK"


def _parse_body(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        fields: dict[str, Any] = json.loads(body)
        return fields
    return dict(parse_qsl(body.decode()))


def _user_profile(slack_id: str) -> dict[str, Any]:
    return {
        "id": slack_id,
        "team_id": TEAM,
        "name": slack_id.lower(),
        "tz": "Europe/Berlin",
        "updated": 1,
        "is_email_confirmed": True,
        "profile": {"real_name": f"Person {slack_id}", "email": f"{slack_id.lower()}@acme.example"},
    }


async def main() -> None:
    """Answer until killed."""
    stand_ins = ServiceStandIns(json.loads(os.environ.get("DELAYS", "{}")))
    mail = Controller(
        _MailHandler(stand_ins), hostname="127.0.0.1", port=int(os.environ["SMTP_PORT"])
    )
    mail.start()
    config = uvicorn.Config(
        stand_ins,
        port=int(os.environ["PORT"]),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=600,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main())
