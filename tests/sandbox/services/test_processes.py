"""Child processes: readiness, stop, kill, suspend and restart; none survives its parent."""

import asyncio
import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.services.processes import Process, ProcessFailed
from tests.project import ROOT

HELLO = "print('hello', flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
MakeProcess = Callable[..., Process]


@pytest.fixture
async def make_process(tmp_path: Path) -> AsyncIterator[MakeProcess]:
    """Describe a Python program that is ready when its log has "hello"; killed after the test."""
    processes: list[Process] = []

    def describe(program: str, *, env: dict[str, str] | None = None) -> Process:
        async def is_ready() -> bool:
            return "hello" in process.current_run_log

        argv = [sys.executable, "-c", textwrap.dedent(program)]
        process = Process("program", argv, is_ready=is_ready, folder=tmp_path, env=env)
        processes.append(process)
        return process

    yield describe
    for process in processes:
        await process.kill()


async def test_start_returns_when_the_program_is_ready(make_process: MakeProcess) -> None:
    program = make_process(HELLO)
    assert not program.is_alive

    await program.start()

    assert program.is_running
    assert program.exit_code is None
    assert program.log == "hello\n"


async def test_a_program_that_ends_early_fails_with_its_log(make_process: MakeProcess) -> None:
    program = make_process("raise SystemExit('no such database')")

    with pytest.raises(ProcessFailed, match="no such database"):
        await program.start()

    assert program.exit_code == 1


async def test_a_program_that_is_not_ready_in_time_is_killed(make_process: MakeProcess) -> None:
    program = make_process("print('wait for me', flush=True); import time; time.sleep(60)")

    with pytest.raises(ProcessFailed, match="not ready after"):
        await program.start(timeout_seconds=0.5)

    assert program.exit_code == -signal.SIGKILL


async def test_stop_lets_the_program_handle_sigterm(make_process: MakeProcess) -> None:
    program = make_process(
        "import signal, sys; signal.signal(15, lambda *_: sys.exit(7))\n" + HELLO
    )
    await program.start()

    await program.stop()

    assert program.exit_code == 7


async def test_a_program_that_ignores_sigterm_is_killed(make_process: MakeProcess) -> None:
    program = make_process(STUBBORN + HELLO)
    await program.start()

    await program.stop(timeout_seconds=0.1)

    assert program.exit_code == -signal.SIGKILL


async def test_a_suspended_program_can_be_stopped(make_process: MakeProcess) -> None:
    program = make_process(HELLO)
    await program.start()
    program.suspend()
    assert program.is_alive
    assert not program.is_running

    await program.stop(timeout_seconds=5)

    assert program.exit_code == -signal.SIGTERM


async def test_a_killed_program_can_start_again(make_process: MakeProcess) -> None:
    program = make_process("import os; print(os.getpid())\n" + HELLO)
    await program.start()
    await program.kill()
    first = program.current_run_log

    await program.start()

    assert program.current_run_log != first
    assert program.log == first + program.current_run_log


async def test_a_program_gets_only_the_given_environment(make_process: MakeProcess) -> None:
    program = make_process(
        "import os; print(sorted(os.environ))\n" + HELLO, env={"LC_ALL": "C.UTF-8"}
    )

    await program.start()

    assert program.log.startswith("['LC_ALL']")


async def test_a_program_has_its_own_process_group(make_process: MakeProcess) -> None:
    """Ctrl-C goes to a whole process group, but a server must outlive its clients."""
    program = make_process("import os; print(os.getpgrp())\n" + HELLO)

    await program.start()

    assert int(program.log.split()[0]) != os.getpgrp()


_PATH = {"PYTHONPATH": str(ROOT)}
_PARENT = """
import asyncio, sys
from pathlib import Path
from sandbox.services.processes import Process

CHILD = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)"

async def is_ready() -> bool:
    return True

async def main() -> None:
    argv = [sys.executable, "-c", CHILD, sys.argv[1]]
    await Process("child", argv, is_ready=is_ready, folder=Path(sys.argv[2])).start()
    await asyncio.Event().wait()

asyncio.run(main())
"""

_STARTS = """
import asyncio, os, sys
from pathlib import Path
from sandbox.services.processes import Process

async def is_ready() -> bool:
    return True

async def main() -> None:
    argv = [sys.executable, "-c", ""]
    program = Process("program", argv, is_ready=is_ready, folder=Path(sys.argv[1]))
    await program.start()
    await program.stop()

os.register_at_fork(before=lambda: print("forked"))
asyncio.run(main())
"""


async def test_start_does_not_fork_in_python(tmp_path: Path) -> None:
    """OpenBLAS ends its threads before a fork, and may wait for them forever."""
    starter = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _STARTS,
        str(tmp_path),
        env=os.environ | _PATH,
        stdout=asyncio.subprocess.PIPE,
    )

    output, _ = await starter.communicate()

    assert starter.returncode == 0
    assert output == b""


# Only Linux can kill a child when its parent ends.
if sys.platform == "linux":

    async def test_a_program_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
        # The child holds a connection; the end of the connection shows that the child has ended.
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connected = asyncio.Event()

        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.set()
            with suppress(ConnectionError):
                await reader.read()
            writer.close()
            ended.set_result(None)

        async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            parent = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _PARENT, str(port), str(tmp_path), env=os.environ | _PATH
            )
            async with asyncio.timeout(10):
                await connected.wait()

            parent.kill()

            async with asyncio.timeout(10):
                await parent.wait()
                await ended
