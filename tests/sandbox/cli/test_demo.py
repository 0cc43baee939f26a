"""`python -m sandbox`: Frontdesk until Ctrl-C, with a prompt; no process survives."""

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

MAX_WAIT_SECONDS = 20
PROCESS_COUNT = 4  # MongoDB, Redis, bot and worker


class Demo:
    """A running demo, with pipes instead of a terminal."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self._stdin, self._stdout = process.stdin, process.stdout
        self.output = ""
        self._line_start = 0

    def type_line(self, line: str) -> None:
        self._line_start = len(self.output)
        self._stdin.write(f"{line}\n".encode())

    async def wait_for_text(self, text: str) -> None:
        """Wait until the demo has printed a text since the last typed line."""
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                while text not in self.output[self._line_start :]:
                    chunk = await self._stdout.read(65536)
                    assert chunk, f"it ended without {text!r}:\n{self.output}"
                    self.output += chunk.decode()
        except TimeoutError:
            pytest.fail(f"it did not print {text!r}, only:\n{self.output}")

    async def send_signal(self, number: signal.Signals) -> int:
        """Send a signal to the demo; returns its exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            self.output += (await self._stdout.read()).decode()
            return await self.process.wait()


@asynccontextmanager
async def run_demo(*arguments: str) -> AsyncIterator[Demo]:
    """Start a demo; it is killed at the end in any case."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        demo = Demo(process)
        await demo.wait_for_text("Ctrl-C stops everything.")
        yield demo
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def open_children(demo: Demo) -> list[int]:
    """File descriptors of the demo's children, readable when a child has ended."""
    if sys.platform != "linux":
        return []
    pid = demo.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [os.pidfd_open(int(child)) for child in children]


def ended_children(handles: list[int], *, within: float) -> list[int]:
    """The children that end within a time, in seconds for each."""
    return [handle for handle in handles if select.select([handle], [], [], within)[0]]


async def test_typed_lines_are_run_and_ctrl_c_stops_everything() -> None:
    async with run_demo() as demo:
        demo.type_line("/ticket wifi is slow")
        await demo.wait_for_text("│ New ticket\n  │ Title: wifi is slow")

        demo.type_line("desc = since this morning")
        await demo.wait_for_text(
            "Ada Lovelace's form now says:\n  │ Description: since this morning"
        )

        demo.type_line("")
        await demo.wait_for_text("Your ticket T-1 is open.")
        await demo.wait_for_text("Bob Kahn gets a message:\n  │ T-1")
        await demo.wait_for_text("An e-mail arrives for Bob Kahn")

        demo.type_line("as bob: click Claim")
        await demo.wait_for_text("Bob Kahn's message now says:\n  │ You have it.")
        await demo.wait_for_text("[Resolve]  [Resolve with a note]  [Release]")
        await demo.wait_for_text("@Bob Kahn is working on it")

        demo.type_line("as eve: click Resolve")
        await demo.wait_for_text("This is not possible: Eve Holt sees no button 'Resolve'.")

        demo.type_line("as zoe: click Claim")
        await demo.wait_for_text("nobody called 'zoe', only: ada, bob, eve, mo, grace.")

        demo.type_line("what now?")
        await demo.wait_for_text("Commands of this prompt")

        children = open_children(demo)
        folder = demo.output.partition("logs         ")[2].split()[0]
        assert os.listdir(f"{folder}/emails") == ["0001.eml"]

        assert await demo.send_signal(signal.SIGINT) == 0

    assert demo.output.endswith("Stopping …\n")
    assert "Traceback" not in demo.output
    assert ended_children(children, within=0) == children
    with pytest.raises(FileNotFoundError):
        os.listdir(folder)


# Only Linux can kill a child when its parent ends.
if sys.platform == "linux":

    async def test_a_killed_demo_leaves_data_but_no_process(
        tmp_path: Path,
    ) -> None:
        async with run_demo("--data", str(tmp_path / "data")) as demo:
            children = open_children(demo)
            assert len(children) == PROCESS_COUNT
            assert ended_children(children, within=0) == []

            await demo.send_signal(signal.SIGKILL)

        assert ended_children(children, within=5) == children
        assert "ready for Acme" in (tmp_path / "data" / "bot.log").read_text()
        assert "mongodb" in os.listdir(tmp_path / "data")
