"""What a parsing process may do: bounded memory, time and output, no network, no other programs (Linux)."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

from kb.parsing.limits import ParseLimits

ADDRESS_SPACE_FACTOR = 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_PDEATHSIG = 38, 22, 1
_SECCOMP_MODE_FILTER = 2
_ALLOW, _REFUSE_EPERM = 0x7FFF0000, 0x00050001
# socket, execve, execveat, ptrace, as the kernel numbers them on each machine, after the machine's audit number
_CALLS = {
    "x86_64": (0xC000003E, (41, 59, 322, 101)),
    "aarch64": (0xC00000B7, (198, 221, 281, 117)),
}


def confine(limits: ParseLimits) -> None:
    """Bind the calling process for good."""
    for kind, value in (
        (resource.RLIMIT_AS, ADDRESS_SPACE_FACTOR * limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CPU, int(2 * limits.maximum_seconds)),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    os.nice(5)
    forbid_network_and_programs()


def forbid_network_and_programs() -> bool:
    """Refuse sockets and other programs from now on; False where the kernel cannot do it."""
    if platform.system() != "Linux" or platform.machine() not in _CALLS:
        return False
    machine, calls = _CALLS[platform.machine()]
    # Classic BPF: load the machine; another one is let through; load the call's number; refuse each listed one; allow.
    program = [(0x20, 0, 0, 4), (0x15, 1, 0, machine), (0x06, 0, 0, _ALLOW), (0x20, 0, 0, 0)]
    for place, number in enumerate(calls):
        program.append((0x15, len(calls) - place, 0, number))
    program += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _REFUSE_EPERM)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    libc = ctypes.CDLL(None, use_errno=True)
    filter_program = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(filter_program), 0, 0) == 0)


def die_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)
