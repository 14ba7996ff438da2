#!/usr/bin/env python3
"""sandbox.py UNIT FOLDER... -- COMMAND...: runs it as systemd would.

What UNIT (a service file) forbids is forbidden by the same means of the kernel:
system calls by seccomp, from systemd's own lists; address families; rights and
bounding set; a mount namespace in which all but the FOLDERs is read-only and
/proc shows no others. The user is SANDBOX_USER (default nobody), with the groups
of SANDBOX_GROUPS beside its own. Needs root, systemd-analyze and libseccomp.
"""
import ctypes
import grp
import os
import pwd
import resource
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
ALLOW, EPERM, EAFNOSUPPORT = 0x7FFF0000, 1, 97
CMP_EQ, CMP_MASKED_EQ = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4


def check(result, what):
    if result != 0:
        sys.exit("sandbox: %s: %s" % (what, os.strerror(ctypes.get_errno())))


def read_unit(path):
    """NAME -> list of its values, in order."""
    unit = {}
    for line in open(path):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            unit.setdefault(name, []).append(value)
    return unit


def last(unit, name, default=""):
    return unit.get(name, [default])[-1]


# --- files -------------------------------------------------------------------

def mount(source, target, kind, flags, data=None):
    check(libc.mount(source, target.encode(), kind, ctypes.c_ulong(flags),
                     data), "mount %s" % target)


def make_read_only(writable):
    places = [line.split()[4] for line in open("/proc/self/mountinfo")]
    for place in dict.fromkeys(places):
        if place in writable or place.split("/")[1] in ("proc", "sys", "dev"):
            continue
        # A mount below another may be out of sight; it cannot be written then.
        libc.mount(None, place.encode(), None,
                   ctypes.c_ulong(MS_REMOUNT | MS_BIND | MS_RDONLY), None)


def enter_files(unit, folders):
    check(libc.unshare(CLONE_NEWNS), "unshare")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    for folder in folders:
        mount(folder.encode(), folder, None, MS_BIND)
    if last(unit, "ProtectSystem") == "strict":
        make_read_only(folders)
    if last(unit, "ProtectHome") == "yes":
        for place in ("/home", "/root"):
            mount(b"tmpfs", place, b"tmpfs", MS_RDONLY, b"mode=000")
    options = []
    if last(unit, "ProtectProc"):
        options.append("hidepid=" + last(unit, "ProtectProc"))
    if last(unit, "ProcSubset") == "pid":
        options.append("subset=pid")
    mount(b"proc", "/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
          ",".join(options).encode())


# --- rights ------------------------------------------------------------------

def drop_rights(unit):
    user = pwd.getpwnam(os.environ.get("SANDBOX_USER", "nobody"))
    groups = os.environ.get("SANDBOX_GROUPS", "").split()
    if last(unit, "CapabilityBoundingSet", "all") == "":
        for capability in range(64):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = min(int(last(unit, "LimitNOFILE", "1024")), most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.umask(int(last(unit, "UMask", "0022"), 8))
    os.setgroups([grp.getgrnam(name).gr_gid for name in groups])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if last(unit, "NoNewPrivileges") == "yes":
        check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


# --- system calls ------------------------------------------------------------

def calls_of(name):
    """The names in a set of systemd, those of the sets in it included."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", name],
                          check=True, capture_output=True, text=True).stdout
    words = [line.strip() for line in text.splitlines()[1:]]
    found = set()
    for word in words:
        if word and not word.startswith("#"):
            found |= calls_of(word)
    return found


def allowed_calls(unit):
    allowed = calls_of("@default")
    for line in unit.get("SystemCallFilter", []):
        for word in line.lstrip("~").split():
            if line.startswith("~"):
                allowed -= calls_of(word)
            else:
                allowed |= calls_of(word)
    return allowed


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self):
        self.lib = ctypes.CDLL("libseccomp.so.2")
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(
            self.lib.seccomp_init(ctypes.c_uint32(0x00050000 | EPERM)))

    def add(self, name, comparison=None, action=ALLOW):
        number = self.lib.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # of another machine
        array = (Comparison * 1)(comparison) if comparison else None
        self.lib.seccomp_rule_add_array(
            self.context, ctypes.c_uint32(action), number,
            1 if comparison else 0, array)

    def load(self):
        if self.lib.seccomp_load(self.context) != 0:
            sys.exit("sandbox: seccomp cannot be loaded")


def masked(mask, value):
    return Comparison(2, CMP_MASKED_EQ, mask, value)


def forbid_calls(unit, allowed):
    rules = Filter()
    if last(unit, "RestrictAddressFamilies"):
        allowed -= {"socket"}
        for name in last(unit, "RestrictAddressFamilies").split():
            rules.add("socket", Comparison(0, CMP_EQ, FAMILIES[name], 0))
    if last(unit, "MemoryDenyWriteExecute") == "yes":
        allowed -= {"mmap", "mprotect", "pkey_mprotect", "shmat"}
        rules.add("mmap", masked(PROT_EXEC, 0))
        rules.add("mmap", masked(PROT_WRITE, 0))
        rules.add("mprotect", masked(PROT_EXEC, 0))
    if last(unit, "LockPersonality") == "yes":
        allowed -= {"personality"}
    if last(unit, "RestrictNamespaces") == "yes":
        allowed -= {"unshare", "setns"}
    for name in sorted(allowed):
        rules.add(name)
    rules.load()


def main():
    split = sys.argv.index("--")
    unit = read_unit(sys.argv[1])
    folders = [os.path.realpath(folder) for folder in sys.argv[2:split]]
    command = sys.argv[split + 1:]
    allowed = allowed_calls(unit)
    enter_files(unit, folders)
    drop_rights(unit)
    forbid_calls(unit, allowed)
    os.execvp(command[0], command)


main()
