"""The inner layer of the sandbox: namespaces, mounts, limits and system calls of students' code.

Runs inside bubblewrap, so it needs the standard library only and nothing of this package.
Python 3.11 has no `os.unshare`, and no version has `mount`, `capset` or seccomp: hence ctypes.
Linux only; numbers are those of the kernel's headers (man 2 unshare, mount, prctl, seccomp).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct

CLONE_NEWNS, CLONE_NEWIPC = 0x00020000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
CLONE_ANY_NEW = 0x7E020080  # every CLONE_NEW… flag, time namespaces too
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REC, MS_PRIVATE = 16384, 1 << 18
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47
SECCOMP_MODE_FILTER, PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
CAPABILITY_VERSION = 0x20080522
LAST_CAPABILITY = 63
SHARED_MEMORY = 8 * 2**20

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def become(user: int) -> None:
    """Turn from root into another user, for good: no limit on processes binds root."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # else /proc/self stays root's


def own_namespaces() -> None:
    """Leave the caller's user, mount, process, network and IPC namespaces.

    The user is the same number inside; the next child is process 1 of its namespace.
    """
    user, group = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC)
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
        # Where memory runs out, the system takes a submission before anything else.
        ("oom_score_adj", "1000"),
    ):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as opened:
            opened.write(text)


def own_mounts(scratch: str, size: int) -> None:
    """Cover, for this process, /proc with nothing and `scratch` with a folder of `size` bytes."""
    _call("unshare", CLONE_NEWNS)
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    flags = MS_NOSUID | MS_NODEV
    _tmpfs("/proc", flags | MS_NOEXEC | MS_RDONLY, "size=4k,nr_inodes=2,mode=555")
    _tmpfs(scratch, flags, f"size={size},nr_inodes=4096,mode=700")
    _tmpfs("/dev/shm", flags | MS_NOEXEC, f"size={SHARED_MEMORY},nr_inodes=64,mode=700")


def _tmpfs(path: str, flags: int, options: str) -> None:
    _call("mount", b"tmpfs", path.encode(), b"tmpfs", flags, options.encode())


def limit(limits: dict[str, int]) -> None:
    """Set the limits that `Limits` in `belgrade.grading.sandbox` names, for good."""
    for kind, name in (
        ("AS", "memory"),
        ("CPU", "processor_s"),
        ("NPROC", "processes"),
        ("FSIZE", "file_size"),
        ("NOFILE", "files"),
    ):
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (limits[name], limits[name]))
    for none in (resource.RLIMIT_CORE, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_MEMLOCK):
        resource.setrlimit(none, (0, 0))


def drop_rights() -> None:
    """Give up every capability and every way to get one, then the system calls below."""
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(LAST_CAPABILITY + 1):
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last there is
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header, nothing = struct.pack("=II", CAPABILITY_VERSION, 0), bytes(24)
    _call("capset", header, nothing)
    if program := _filter(platform.machine()):
        buffer = ctypes.create_string_buffer(program)
        head = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
        _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, head, 0, 0)


# What a student's code never needs: new namespaces and mounts, other processes' memory and turn at
# the processor, memory that no limit counts (files in memory, System V segments), and large parts
# of the kernel that only matter when they have a fault. On x86_64, on aarch64.
REFUSED = """
unshare 272 97, setns 308 268, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51,
open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432,
fspick 433 433, mount_setattr 442 442, ptrace 101 117, process_vm_readv 310 270,
process_vm_writev 311 271, pidfd_getfd 438 438, memfd_create 319 279, memfd_secret 447 447,
shmget 29 194, msgget 68 186, semget 64 190, bpf 321 280, perf_event_open 298 241,
userfaultfd 323 282, keyctl 250 219, add_key 248 217, request_key 249 218, io_uring_setup 425 425,
kexec_load 246 104, init_module 175 105, finit_module 313 273, open_by_handle_at 304 265,
name_to_handle_at 303 264, setpriority 141 140, sched_setscheduler 144 119, sched_setparam 142 118,
sched_setattr 314 274, sched_setaffinity 203 122, ioprio_set 251 30, personality 135 92,
syslog 103 116, quotactl 179 60"""
CLONE, CLONE3, SOCKET, PRLIMIT = (56, 220), 435, (41, 198), (302, 261)
# Local sockets, and those of the network namespace, where there is nobody to talk to. Others, such
# as the sockets to a virtual machine's host, know no namespace.
FAMILIES = (1, 2, 10, 16)
AUDIT_ARCH = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
ALLOW, KILL, ERRNO, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050000, 1, 38
Step = tuple[int, int, int, int]


def _filter(machine: str) -> bytes:
    """Return a seccomp program in classic BPF for a machine, or nothing for one not known."""
    if machine not in AUDIT_ARCH:
        return b""
    column, arch = AUDIT_ARCH[machine]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    nr, arch_at, first_argument = [(load, 0, 0, at) for at in (0, 4, 16)]
    refused, allowed = (give, 0, 0, ERRNO | EPERM), (give, 0, 0, ALLOW)

    def when(number: int, *steps: Step) -> list[Step]:
        return [(equal, 0, len(steps), number), *steps]

    program = [arch_at, (equal, 1, 0, arch), (give, 0, 0, KILL), nr]
    if machine == "x86_64":  # the same calls by other numbers (the x32 interface)
        program += [(at_least, 0, 1, 0x40000000), refused]
    for call in REFUSED.split(","):
        program += when(int(call.split()[1 + column]), refused)
    # clone3 hides its flags in memory: libc falls back to clone, whose flags can be read.
    program += when(CLONE3, (give, 0, 0, ERRNO | ENOSYS))
    new = any_bit, 0, 1, CLONE_ANY_NEW
    program += when(CLONE[column], first_argument, new, refused, allowed)
    # A process's own limits, and nobody else's.
    program += when(PRLIMIT[column], first_argument, (equal, 1, 0, 0), refused, allowed)
    families = [(equal, len(FAMILIES) - n, 0, family) for n, family in enumerate(FAMILIES)]
    program += when(SOCKET[column], first_argument, *families, refused, allowed)
    program.append(allowed)
    return b"".join(struct.pack("=HBBI", *step) for step in program)
