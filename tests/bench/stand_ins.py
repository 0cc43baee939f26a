"""`python -m tests.bench.stand_ins`: Slack, Gemini and a mail server that answer at once.

The simulated Slack of the sandbox looks at everything as strictly as Slack does, which would be
most of what is measured. These only answer, after as long a wait as they are told; what they were
asked is counted at `/asked`, and `/view` is the form that was opened last. Requests are kept, each
with the time at which it is answered, from one `/kept` to the next, the last thousand of them.
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
    """What answers; a wait stands for the network and the service behind it.

    Attributes:
        waits: seconds by service.
    """

    def __init__(self, waits: dict[str, float]) -> None:
        self.delay_seconds = waits
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
        asked = body or bytes(scope["query_string"])
        answer = await self._respond(str(scope["path"]), asked)
        headers = [(b"content-type", b"application/json"), (b"x-oauth-scopes", _SCOPES.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def _respond(self, path: str, body: bytes) -> Any:
        if path == "/asked":
            return self.call_counts
        if path == "/view":
            return self._last_view
        if path == "/kept":
            kept = list(self._request_log)
            self._request_log.clear()
            return kept
        if path == "/waits":
            self.delay_seconds = json.loads(body)
            return self.delay_seconds
        if path.startswith("/v1beta/"):
            return await self._gemini()
        return await self._slack(path.removeprefix("/api/"), body)

    def log_request(self, kind: str, **what: Any) -> None:
        """Keep what was asked, for who wants to see it."""
        self._request_log.append({"kind": kind, "at": time.time(), **what})

    async def _gemini(self) -> Any:
        self.call_counts["generateContent"] += 1
        await asyncio.sleep(self.delay_seconds.get("gemini", 0))
        said = {
            "category": "Network",
            "priority": "normal",
            "skills": ["vpn"],
            "summary": "The VPN does not connect.",
            "notes": "See whether the client is up to date.",
            "confidence": 0.9,
        }
        content = {"parts": [{"text": json.dumps(said)}], "role": "model"}
        return {
            "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 800, "totalTokenCount": 900},
        }

    async def _slack(self, method: str, body: bytes) -> Any:
        self.call_counts[method] += 1
        sent = _parse_body(body)
        await asyncio.sleep(self.delay_seconds.get("slack", 0))
        self.log_request("slack", method=method, sent=sent, json=body.startswith(b"{"))
        more: dict[str, Any] = {}
        match method:
            case "auth.test":
                more = {"team_id": TEAM, "team": "Bench", "user_id": BOT_USER, "bot_id": "B0BENCH"}
            case "users.info":
                more = {"user": _user_profile(sent["user"])}
            case "conversations.open":
                more = {"channel": {"id": f"D{sent['users'][1:]}"}}
            case "conversations.history":
                more = {"messages": []}
            case "chat.postMessage" | "chat.update":
                more = {"ts": sent.get("ts") or f"1.{next(self._message_numbers):06d}"}
            case "views.open" | "views.update":
                view = sent["view"]
                self._last_view = json.loads(view) if isinstance(view, str) else view
                more = {"view": {"id": f"V{next(self._message_numbers)}"}}
        return {"ok": True, **more}


class _MailHandler:
    """Takes every letter."""

    def __init__(self, outside: ServiceStandIns) -> None:
        self._stand_ins = outside

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take the letter."""
        self._stand_ins.call_counts["letter"] += 1
        await asyncio.sleep(self._stand_ins.delay_seconds.get("smtp", 0))
        self._stand_ins.log_request("letter", content=(envelope.original_content or b"").decode())
        return "250 OK"


def _parse_body(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        read: dict[str, Any] = json.loads(body)
        return read
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
    """Answer until we are killed."""
    outside = ServiceStandIns(json.loads(os.environ.get("WAITS", "{}")))
    mail = Controller(
        _MailHandler(outside), hostname="127.0.0.1", port=int(os.environ["SMTP_PORT"])
    )
    mail.start()
    config = uvicorn.Config(
        outside,
        port=int(os.environ["PORT"]),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=600,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main())
