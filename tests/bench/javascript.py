"""What people would take instead: a minimal app with Bolt for JavaScript, where npm can get it."""

import asyncio
import shutil
import sys
from pathlib import Path

from sandbox.processes import Process
from sandbox.servers import free_port
from tests.bench.stage import Place, Stage

_SOURCE = Path(__file__).with_name("bolt_js")
_INSTALL_SECONDS = 120


async def start(stage: Stage, place: Place, *, form: str) -> str | None:
    """Its address; None where it can't be had, and why on stderr."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        print("No Bolt for JavaScript: there is no Node.js here.", file=sys.stderr)
        return None
    # Beside the other things that set-up installs.
    folder = Path(sys.prefix) / "bolt-js"
    shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
    if not await _installed(npm, folder):
        print("No Bolt for JavaScript: npm could not install it.", file=sys.stderr)
        return None
    env = {**place.environment, "PORT": str(free_port()), "FORM": form, "PATH": "/usr/bin:/bin"}
    url = f"http://127.0.0.1:{env['PORT']}/slack/events"

    app = Process(
        "bolt-js",
        [node, str(folder / "app.mjs")],
        ready=stage.listens(url),
        folder=stage.folder,
        env=env,
    )
    await stage.begin(app)
    return url


async def _installed(npm: str, folder: Path) -> bool:
    try:
        async with asyncio.timeout(_INSTALL_SECONDS):
            installing = await asyncio.create_subprocess_exec(
                *(npm, "install", "--no-audit", "--no-fund", "--loglevel=error"),
                cwd=folder,
                stdout=asyncio.subprocess.DEVNULL,
            )
            return await installing.wait() == 0
    except TimeoutError:
        return False
