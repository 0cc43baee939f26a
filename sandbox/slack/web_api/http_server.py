"""The HTTP server on 127.0.0.1 that replaces slack.com."""

import socket

from aiohttp import web

from sandbox.slack.delivery.socket_mode import SocketConnections
from sandbox.slack.methods.files import UPLOAD_PATH
from sandbox.slack.web_api.api import WebApi

_MAX_REQUEST_BYTES = 16 * 1024 * 1024


class SlackHttpServer:
    """Web API, response URLs, file uploads and the Socket Mode endpoint on one port."""

    def __init__(self, api: WebApi, sockets: SocketConnections) -> None:
        self._api = api
        self._sockets = sockets
        app = web.Application(client_max_size=_MAX_REQUEST_BYTES)
        app.router.add_route("*", "/api/{method}", api.serve_method)
        app.router.add_get("/link/", sockets.serve)
        app.router.add_route("*", UPLOAD_PATH + "{file}", api.serve_upload)
        for kind in ("commands", "actions", "app"):
            app.router.add_post(f"/{kind}/{{team}}/{{number}}/{{secret}}", api.serve_response_url)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )

    async def start(self, port: int) -> str:
        """Start to listen and return the base URL."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def stop(self) -> None:
        self._api.closing.set()
        await self._sockets.close()
        await self._runner.cleanup()
