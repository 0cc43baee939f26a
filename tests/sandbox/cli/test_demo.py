"""`python -m sandbox`: the desk until Ctrl-C, with a prompt, and nothing of it is left behind."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.project import ROOT

PATIENCE_SECONDS = 20
SERVERS = 4  # MongoDB, Redis, bot and worker


class Demo:
    """A demo that runs, with pipes for a terminal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self._input, self._output = process.stdin, process.stdout
        self.said = ""
        self._since = 0

    def types(self, line: str) -> None:
        self._since = len(self.said)
        self._input.write(f"{line}\n".encode())

    async def says(self, text: str) -> None:
        """Wait until it has said this since the last line was typed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while text not in self.said[self._since :]:
                    more = await self._output.read(65536)
                    assert more, f"it ended without {text!r}:\n{self.said}"
                    self.said += more.decode()
        except TimeoutError:
            pytest.fail(f"it did not say {text!r}, only:\n{self.said}")

    async def ends(self, told: signal.Signals) -> int:
        """Send it a signal; returns its exit code."""
        self.process.send_signal(told)
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.said += (await self._output.read()).decode()
            return await self.process.wait()


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Demo]:
    """A demo that is up, ended at the end in any case."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        demo = Demo(process)
        await demo.says("Ctrl-C stops everything.")
        yield demo
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def children_of(demo: Demo) -> list[int]:
    """What the demo has started, as handles that can be read from when their process has ended."""
    if sys.platform != "linux":
        return []
    pid = demo.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [os.pidfd_open(int(child)) for child in children]


def ended(handles: list[int], *, within: float) -> list[int]:
    """Those whose process has ended; waits for each so long at most."""
    return [handle for handle in handles if select.select([handle], [], [], within)[0]]


async def test_what_is_typed_is_done_and_seen_and_ctrl_c_leaves_nothing_behind() -> None:
    async with running() as demo:
        demo.types("/ticket wifi is slow")
        await demo.says("│ New ticket\n  │ Title: wifi is slow")

        demo.types("desc = since this morning")
        await demo.says("Ada Lovelace's form now says:\n  │ Description: since this morning")

        demo.types("")
        await demo.says("Your ticket T-1 is open.")
        await demo.says("Bob Kahn gets a message:\n  │ T-1")
        await demo.says("A letter arrives for Bob Kahn")

        demo.types("as bob: click Claim")
        await demo.says("Bob Kahn's message now says:\n  │ You have it.")
        await demo.says("[Resolve]  [Release]")
        await demo.says("@Bob Kahn is working on it")

        demo.types("as eve: click Resolve")
        await demo.says("That can't be done: Eve Holt sees no button 'Resolve'.")

        demo.types("as zoe: click Claim")
        await demo.says("nobody called 'zoe', only: ada, bob, eve, mo, grace.")

        demo.types("what now?")
        await demo.says("What you can type")

        children = children_of(demo)
        folder = demo.said.partition("logs         ")[2].split()[0]
        assert os.listdir(f"{folder}/letters") == ["0001.eml"]

        assert await demo.ends(signal.SIGINT) == 0

    assert demo.said.endswith("Stopping …\n")
    assert "Traceback" not in demo.said
    assert ended(children, within=0) == children
    with pytest.raises(FileNotFoundError):
        os.listdir(folder)


# Only Linux ends a child with its parent.
if sys.platform == "linux":

    async def test_a_killed_demo_leaves_no_process_behind_and_keeps_its_data(
        tmp_path: Path,
    ) -> None:
        async with running("--data", str(tmp_path / "kept")) as demo:
            children = children_of(demo)
            assert len(children) == SERVERS
            assert ended(children, within=0) == []

            await demo.ends(signal.SIGKILL)

        assert ended(children, within=5) == children
        assert "ready for Acme" in (tmp_path / "kept" / "bot.log").read_text()
        assert "mongodb" in os.listdir(tmp_path / "kept")
