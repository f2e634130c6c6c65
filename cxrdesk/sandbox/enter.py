"""Runs one command where it can do little harm. Started as a script with isolated Python: ``enter.py PLAN``.

This process is the keeper. It stays outside, holds the end of the host's lifeline and of nothing else that the command
has, ends the command with all that it started once the lifeline closes, and then ends as the command did. With
namespaces its child is the first process of the new ones and reaps there, and that one's child becomes the command;
without, the command is the keeper's own child.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

sys.path.append(str(Path(__file__).parent))  # isolated Python has no folder of its own on the path

import linux  # type: ignore[import-not-found]

FAILED = 97
"""Exit code where the command was not started; why stands on standard error."""
INSIDE_ID = 1000
"""User and group in the namespaces: no root there, so that the command has no capability left."""
SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "nix", "gnu")
FILES = ("etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d", "etc/alternatives", "etc/localtime")
DEVICES = ("null", "zero", "full", "random", "urandom")
OUTSIDE = "/.outside"
OPEN_FILES = 4096
"""Each may hold memory of the kernel's that counts as nobody's."""


def main(plan: dict[str, Any]) -> NoReturn:
    """Start the command, wait for its end or the host's, leave nothing."""
    lifeline = int(plan["lifeline"])
    os.set_inheritable(lifeline, False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Before the namespaces: their first process changes this one's root too.
    nothing = os.open(os.devnull, os.O_RDWR)
    first, told = _namespaces(plan) if plan["way"] == "namespaces" else _alone(plan)
    # What belongs to the command must not stay open here: its end would not be seen.
    for stream in (0, 1):
        os.dup2(nothing, stream)
    status = None
    while status is None:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            break
        os.read(woken, 512)
        status = _ended(first)
    if told is None:
        _end_all(first)
    elif status is None:
        # All others in its namespace have ended when its own end can be waited for.
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
    bubblewrap = plan["way"] == "bubblewrap"
    _end_as(status if told is None or status is None else _said(told), bubblewrap=bubblewrap)


def _said(told: int) -> int:
    with os.fdopen(told, "rb") as stream:
        text = stream.read().decode()
    if text.isdecimal():
        return int(text)
    print(text or "the sandbox's first process was killed", file=sys.stderr)
    return FAILED << 8


def _ended(first: int) -> int | None:
    """Reap; the status of `first` where it is among those that ended."""
    found = None
    with suppress(ChildProcessError):
        while (done := os.waitpid(-1, os.WNOHANG))[0]:
            found = done[1] if done[0] == first else found
    return found


def _end_all(first: int) -> None:
    """The command and whatever outlived it: orphans were handed to this process."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(first, signal.SIGKILL)  # it leads a group of its own
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        left = _descendants(os.getpid())
        if not left:
            return
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        select.select([], [], [], 0.005)


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for known in found:  # it grows meanwhile
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{known}/task"):  # noqa: PTH208 - names alone
                found += map(int, Path(f"/proc/{known}/task/{thread}/children").read_text().split())
    return found[1:]


def _end_as(status: int | None, *, bubblewrap: bool) -> NoReturn:
    if status is None:
        os._exit(FAILED)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status) - 128
    # Bubblewrap tells a signal as shells do.
    if os.WIFSIGNALED(status) or (bubblewrap and number in set(signal.Signals)):
        _no_core()
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def _alone(plan: dict[str, Any]) -> tuple[int, None]:
    """The command as this process's own child, with limits and no more."""
    if sys.platform == "linux":
        linux.adopt_orphans()
    pid = os.fork()
    if pid == 0:
        try:
            if sys.platform == "linux":
                linux.die_with_parent()
            _run(plan, plan["folder"])
        except BaseException as error:  # noqa: BLE001 - this is a copy of the keeper: it must end here
            os.write(2, f"the command was not started: {error}\n".encode())
            os._exit(FAILED)
    return pid, None


def _namespaces(plan: dict[str, Any]) -> tuple[int, int]:
    """The namespaces' first process, and the pipe on which it says how the command ended."""
    uid, gid = os.geteuid(), os.getegid()
    linux.unshare(
        linux.NEW_USERS | linux.NEW_MOUNTS | linux.NEW_PIDS | linux.NEW_NETWORK | linux.NEW_IPC | linux.NEW_NAMES
    )
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_ID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_ID} {gid} 1")
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        try:
            _first(plan, tell)
        except BaseException as error:  # noqa: BLE001 - as above
            os.write(tell, f"the sandbox could not be made: {error}".encode())
        os._exit(FAILED)
    os.close(tell)
    return pid, told


def _first(plan: dict[str, Any], tell: int) -> None:
    linux.die_with_parent()
    # The keeper may have died before that was said: then nobody reads.
    watch = select.poll()
    watch.register(tell, 0)
    if watch.poll(0):
        return
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _make_root(plan)
    command = os.fork()
    if command == 0:
        _run(plan, "/tmp")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while True:
        done, status = os.wait()
        if done == command:
            os.write(tell, str(status).encode())
            os._exit(0)


def _make_root(plan: dict[str, Any]) -> None:
    """A root of what the command needs, all of it read-only but /tmp, which is its own and small."""
    linux.mount("", "/", "", linux.REC | linux.PRIVATE)
    linux.mount("tmpfs", "/tmp", "tmpfs", linux.NOSUID | linux.NODEV, "size=16m,mode=0755")
    os.mkdir(f"/tmp{OUTSIDE}")  # noqa: PTH102 - a path in text, as all here
    linux.pivot_root("/tmp", f"/tmp{OUTSIDE}")
    os.chdir("/")
    Path("/tmp").mkdir()
    linux.mount("tmpfs", "/tmp", "tmpfs", linux.NOSUID | linux.NODEV, f"size={int(plan['folder_mb'])}m,mode=0700")
    for name in SYSTEM:
        source = Path(OUTSIDE, name)
        if source.is_symlink():
            Path("/", name).symlink_to(source.readlink())
        elif source.is_dir():
            _show(f"/{name}", f"/{name}")
    for name in FILES:
        real = os.path.realpath(Path(OUTSIDE, name))
        # An absolute link there points to a place that is now under the outside's name.
        real = real if real.startswith(OUTSIDE) else f"{OUTSIDE}{real}"
        if Path(real).exists():
            _show(real.removeprefix(OUTSIDE), f"/{name}")
    Path("/etc").mkdir(exist_ok=True)
    Path("/etc/passwd").write_text(f"plugin:x:{INSIDE_ID}:{INSIDE_ID}::/tmp:/bin/sh\n")
    Path("/etc/group").write_text(f"plugin:x:{INSIDE_ID}:\n")
    for name in (*DEVICES, *plan["devices"]):
        if Path(OUTSIDE, "dev", name).exists():
            _show(f"/dev/{name}", f"/dev/{name}", flags=linux.NOSUID)
    for source, target in plan["readable"]:
        _show(source, target)
    for name in plan["writable"]:
        Path(name).mkdir(parents=True, exist_ok=True)
        linux.mount(f"{OUTSIDE}{name}", name, "", linux.BIND | linux.REC)
    Path("/proc").mkdir()
    linux.mount("proc", "/proc", "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
    # The command is not to make namespaces, in which it would be root and could mount.
    with suppress(OSError):
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    # The kernel asks for the user outside there: where that is root, the whole machine could be set up from within.
    for name in ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"):
        if Path(name).exists():
            linux.mount(name, name, "", linux.BIND | linux.REC)
            linux.make_read_only(name, flags=linux.RDONLY | linux.NOSUID | linux.NODEV | linux.NOEXEC, whole=True)
    linux.detach(OUTSIDE)
    os.rmdir(OUTSIDE)  # noqa: PTH106
    linux.make_read_only("/", whole=False)
    with suppress(OSError):
        socket.sethostname("plugin")  # a machine is called after its user as often as not


def _show(source: str, target: str, flags: int = linux.RDONLY | linux.NOSUID | linux.NODEV) -> None:
    """Bind a file or folder of the outside, with all that is mounted under it, read-only."""
    outside = Path(f"{OUTSIDE}{source}")
    if not outside.exists():
        return
    if outside.is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    linux.mount(str(outside), target, "", linux.BIND | linux.REC)
    linux.make_read_only(target, flags=flags, whole=True)


def _run(plan: dict[str, Any], folder: str) -> NoReturn:
    """Become the command: nothing open but its three streams, limits set."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.chdir(folder)
    _no_core()
    _limit("RLIMIT_FSIZE", plan["folder_mb"])
    _limit("RLIMIT_AS", plan["address_mb"])
    _limit("RLIMIT_NOFILE", OPEN_FILES, unit=1)
    if plan["processes"] is not None:
        _limit("RLIMIT_NPROC", plan["processes"], unit=1)
    if sys.platform == "linux" and plan["way"] != "bubblewrap":  # which does so itself, once it has what it needs
        linux.no_new_privileges()
        if not plan["devices"]:  # an accelerator's driver may want what is refused
            linux.refuse_hidden_memory()
    os.closerange(3, 1 << 16)
    os.execv(plan["command"][0], plan["command"])


def _limit(name: str, amount: int | None, unit: int = 1 << 20) -> None:
    import resource

    kind = getattr(resource, name)
    if amount is not None:
        _, most = resource.getrlimit(kind)
        wanted = amount * unit if most == resource.RLIM_INFINITY else min(amount * unit, most)
        resource.setrlimit(kind, (wanted, wanted))


def _no_core() -> None:
    _limit("RLIMIT_CORE", 0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
