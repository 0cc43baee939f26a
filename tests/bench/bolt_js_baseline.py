"""A minimal app with Bolt for JavaScript, if npm can install it."""

import asyncio
import shutil
import sys
from pathlib import Path

from sandbox.services.database_servers import find_free_port
from sandbox.services.processes import Process
from tests.bench.environment import BenchEnvironment, Deployment

_SOURCE = Path(__file__).with_name("bolt_js")
_INSTALL_SECONDS = 120


async def start_bolt_js(
    environment: BenchEnvironment, deployment: Deployment, *, form: str
) -> str | None:
    """Start the app and return its URL. Without npm, print the reason and return None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("Bolt for JavaScript is left out: Node.js or npm is missing.", file=sys.stderr)
        return None
    # The virtual environment also holds the other tools that the set-up installs.
    folder = Path(sys.prefix) / "bolt-js"
    shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
    if not await _npm_install(npm, folder):
        print("Bolt for JavaScript is left out: npm could not install it.", file=sys.stderr)
        return None
    env = {
        **deployment.environment,
        "PORT": str(find_free_port()),
        "FORM": form,
        "PATH": "/usr/bin:/bin",
    }
    url = f"http://127.0.0.1:{env['PORT']}/slack/events"

    app = Process(
        "bolt-js",
        [node, str(folder / "app.mjs")],
        is_ready=environment.accepts_requests(url),
        folder=environment.folder,
        env=env,
    )
    await environment.start_until_exit(app)
    return url


async def _npm_install(npm: str, folder: Path) -> bool:
    try:
        async with asyncio.timeout(_INSTALL_SECONDS):
            process = await asyncio.create_subprocess_exec(
                *(npm, "install", "--no-audit", "--no-fund", "--loglevel=error"),
                cwd=folder,
                stdout=asyncio.subprocess.DEVNULL,
            )
            return await process.wait() == 0
    except TimeoutError:
        return False
