"""Programs started beside us: ready when they say so, stopped, killed or frozen, never orphans."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

_POLL_SECONDS = 0.03
# Has the kernel end the program whatever ends us, and becomes it.
# https://man7.org/linux/man-pages/man2/prctl.2.html
# A `preexec_fn` would be a real fork of ours, for which libraries end their threads first: OpenBLAS
# has been seen to wait for one of its own for ever, while no thread of Python runs.
_END_WITH_PARENT_SCRIPT = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, {signal.SIGKILL:d})
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""

ReadyCheck = Callable[[], Awaitable[bool]]


class ProcessFailed(RuntimeError):
    """A program ended, or did not become ready, when it should have run; says its last words."""


class Process:
    """One program, its environment, and the file its output goes to."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        is_ready: ReadyCheck,
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the program; nothing runs before `start`.

        Args:
            ready: whether the program can be used now; asked until it says yes.
            folder: where it runs, and where its log is.
            env: all of its environment; ours when not given.
        """
        self.name = name
        self._argv = list(argv)
        self._env = dict(os.environ if env is None else env)
        self._is_ready = is_ready
        self._folder = folder
        self._subprocess: asyncio.subprocess.Process | None = None
        self._is_suspended = False
        self._log_offset = 0
        self.log_path = folder / f"{name}.log"

    @property
    def log(self) -> str:
        """All it has written so far, over all its runs."""
        return self.log_path.read_text("utf-8", errors="replace") if self.log_path.exists() else ""

    @property
    def current_run_log(self) -> str:
        """What it has written since it was last started."""
        return self.log[self._log_offset :]

    @property
    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self._subprocess is not None and self._subprocess.returncode is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._subprocess.returncode if self._subprocess else None

    @property
    def pid(self) -> int | None:
        """Its number, when it has ever run."""
        return self._subprocess.pid if self._subprocess else None

    @property
    def memory_bytes(self) -> int:
        """Bytes of memory that it holds now; 0 when it does not run (Linux)."""
        if not self.is_alive or self._subprocess is None:
            return 0
        status = Path(f"/proc/{self._subprocess.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(resident.split()[1]) * 1024

    async def start(self, *, timeout_seconds: float = 30) -> None:
        """Run it, and return when it is ready.

        Raises:
            Ended: it ended instead, or was not ready in time.
        """
        self._log_offset = len(self.log)
        with self.log_path.open("ab") as log:
            self._subprocess = await asyncio.create_subprocess_exec(
                *_with_parent_watch(self._argv),
                cwd=self._folder,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C reaches a whole process group; the order of ending is ours to choose.
                process_group=0,
            )
        try:
            async with asyncio.timeout(timeout_seconds):
                while not await self._is_ready():
                    if not self.is_alive:
                        raise ProcessFailed(f"{self.name} ended:\n{self._log_tail()}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            await self.kill()
            words = self._log_tail()
            raise ProcessFailed(
                f"{self.name} was not ready after {timeout_seconds} s:\n{words}"
            ) from None

    async def stop(self, *, timeout_seconds: float = 15) -> None:
        """Ask it to end (SIGTERM), and make it when it takes too long."""
        if not self.is_alive or self._subprocess is None:
            return
        self.resume()
        self._subprocess.terminate()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._subprocess.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self.is_alive and self._subprocess is not None:
            self._subprocess.kill()
            await self._subprocess.wait()

    def suspend(self) -> None:
        """Let it stand still, connections and all (SIGSTOP)."""
        if self.is_alive and self._subprocess is not None:
            self._subprocess.send_signal(signal.SIGSTOP)
            self._is_suspended = True

    def resume(self) -> None:
        """Let it go on."""
        if self._is_suspended and self._subprocess is not None:
            self._subprocess.send_signal(signal.SIGCONT)
            self._is_suspended = False

    def _log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.splitlines()[-lines:])


def _with_parent_watch(argv: list[str]) -> list[str]:
    """How to run it so that it ends with us; other systems do without."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT_SCRIPT, str(os.getpid()), *argv]
