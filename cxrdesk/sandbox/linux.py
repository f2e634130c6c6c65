"""The few system calls that a sandbox on Linux is made of; no library offers them to Python 3.11."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

NEW_MOUNTS, NEW_NAMES, NEW_IPC, NEW_USERS, NEW_PIDS, NEW_NETWORK = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
"""CLONE_NEWNS and its kin, of sched.h."""
NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
"""MS_ flags of sys/mount.h."""
RDONLY = 1
_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_MOUNT_SETATTR = 442
"""The same number on every architecture, as of all calls since Linux 5.1."""
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

_HIDDEN = {
    "x86_64": (0xC000003E, (319, 447, 29, 425)),
    "aarch64": (0xC00000B7, (279, 447, 194, 425)),
}
"""Kind of machine (AUDIT_ARCH_) and numbers there of memfd_create, memfd_secret, shmget and io_uring_setup."""
_PR_SET_SECCOMP, _SECCOMP_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
"""From here on numbers are those of another way to call the same kernel (x86)."""

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def _checked(answer: int, what: str) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    given = [text.encode() or None for text in (source, target, kind)]
    done = _libc.mount(*given, ctypes.c_ulong(flags), options.encode() or None)
    _checked(done, f"mount of {target}")


def make_read_only(path: str, *, flags: int = RDONLY | NOSUID, whole: bool) -> None:
    """Make the mount at `path` read-only, with all mounts under it where `whole` is true (Linux 5.12)."""
    wanted = _MountAttr(attr_set=flags)
    where = _AT_RECURSIVE if whole else 0
    done = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, path.encode(), where, ctypes.byref(wanted), ctypes.sizeof(wanted))
    _checked(done, f"mount_setattr of {path}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2)."""
    _checked(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")


def detach(path: str) -> None:
    """Take away the mount at `path`."""
    _checked(_libc.umount2(path.encode(), _DETACH), f"umount of {path}")


def die_with_parent() -> None:
    """Have this process killed when the one that forked it ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def no_new_privileges() -> None:
    """No program that is started from here on gains rights by its file's."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_hidden_memory() -> None:
    """Refuse, from here on, calls that give memory which no process is seen to hold (seccomp(2), mode filter).

    A limit on memory that is watched from outside would not see it: files of memory that are written and not mapped,
    and shared memory that nobody is attached to. Programs do without. Needs `no_new_privileges`; on a kind of machine
    that is not known nothing is refused.
    """
    if platform.machine() not in _HIDDEN:
        return
    kind, numbers = _HIDDEN[platform.machine()]
    # Jumps count the steps that are left out; the last two steps are "allow" and "refuse".
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 0, len(numbers) + 3, kind), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, len(numbers) + 1, 0, _X32)]
    steps += [(_EQUAL, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOWED), (_RETURN, 0, 0, _REFUSED | errno.ENOSYS)]
    text = b"".join(struct.pack("=HBBI", *step) for step in steps)
    program = _Program(len(steps), text)
    _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.byref(program), 0, 0), "prctl")
