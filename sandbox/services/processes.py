"""Child processes: started and ready, stopped, killed or suspended, and never orphaned."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

_POLL_SECONDS = 0.03
# PR_SET_PDEATHSIG makes the kernel kill the child when this process ends; then the child becomes
# the program: https://man7.org/linux/man-pages/man2/prctl.2.html
# A `preexec_fn` would need a real fork, before which libraries end their threads: OpenBLAS has been
# seen to wait forever for one of its threads while no Python thread runs.
_END_WITH_PARENT_SCRIPT = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, {signal.SIGKILL:d})
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""

ReadyCheck = Callable[[], Awaitable[bool]]


class ProcessFailed(RuntimeError):
    """A process ended or did not become ready in time; the message has the end of its log."""


class Process:
    """One program with its environment and its log file."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        is_ready: ReadyCheck,
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the program; nothing runs before `start`.

        Args:
            name: name of the process and of its log file.
            argv: the command line.
            is_ready: checks whether the program can be used now; called until it returns True.
            folder: working directory, which also holds the log file.
            env: the whole environment; by default that of this process.
        """
        self.name = name
        self._argv = list(argv)
        self._env = dict(os.environ if env is None else env)
        self._is_ready = is_ready
        self._folder = folder
        self._subprocess: asyncio.subprocess.Process | None = None
        self._has_started = False
        self._is_suspended = False
        self._log_offset = 0
        self.log_path = folder / f"{name}.log"

    @property
    def log(self) -> str:
        """The output of all runs so far."""
        return self.log_path.read_text("utf-8", errors="replace") if self.log_path.exists() else ""

    @property
    def current_run_log(self) -> str:
        """The output since the last start."""
        return self.log[self._log_offset :]

    @property
    def is_alive(self) -> bool:
        return self._subprocess is not None and self._subprocess.returncode is None

    @property
    def is_running(self) -> bool:
        """Whether the process has become ready, and is neither ended nor suspended."""
        return self.is_alive and self._has_started and not self._is_suspended

    @property
    def is_suspended(self) -> bool:
        """Whether the process is stopped by SIGSTOP."""
        return self.is_alive and self._is_suspended

    @property
    def exit_code(self) -> int | None:
        """The exit code of the last run; None while the process runs."""
        return self._subprocess.returncode if self._subprocess else None

    @property
    def pid(self) -> int | None:
        """The process id of the last run; None before the first start."""
        return self._subprocess.pid if self._subprocess else None

    @property
    def memory_bytes(self) -> int:
        """Resident memory in bytes (Linux only); 0 if the process does not run."""
        if not self.is_alive or self._subprocess is None:
            return 0
        status = Path(f"/proc/{self._subprocess.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(resident.split()[1]) * 1024

    async def start(self, *, timeout_seconds: float = 30) -> None:
        """Start the program and wait until it is ready.

        Raises:
            ProcessFailed: the program ended, or was not ready in time.
        """
        self._log_offset = len(self.log)
        self._has_started = self._is_suspended = False
        with self.log_path.open("ab") as log:
            self._subprocess = await asyncio.create_subprocess_exec(
                *_with_parent_watch(self._argv),
                cwd=self._folder,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C reaches a whole process group; our shutdown has its own order.
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
            raise ProcessFailed(
                f"{self.name} was not ready after {timeout_seconds} s:\n{self._log_tail()}"
            ) from None
        self._has_started = True

    async def stop(self, *, timeout_seconds: float = 15) -> None:
        """Stop the process with SIGTERM, and with SIGKILL if that takes too long."""
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
        """Kill the process at once (SIGKILL)."""
        if self.is_alive and self._subprocess is not None:
            self._subprocess.kill()
            await self._subprocess.wait()

    def suspend(self) -> None:
        """Stop the process without ending it (SIGSTOP); its connections stay open."""
        if self.is_alive and self._subprocess is not None:
            self._subprocess.send_signal(signal.SIGSTOP)
            self._is_suspended = True

    def resume(self) -> None:
        """Let a suspended process continue (SIGCONT)."""
        if self.is_suspended and self._subprocess is not None:
            self._subprocess.send_signal(signal.SIGCONT)
            self._is_suspended = False

    def _log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.splitlines()[-lines:])


def _with_parent_watch(argv: list[str]) -> list[str]:
    """The command line that makes a process end with this one (Linux only)."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT_SCRIPT, str(os.getpid()), *argv]
