#!/usr/bin/env python3
"""Stops threads of a process, as if they hung, until it is ended itself.

freeze.py PID NAME
    All threads of that name (of /proc/PID/task/*/comm) stop, by ptrace(2); when
    this program ends they go on. Prints "frozen" and how many there are.
"""
import ctypes
import os
import sys
import time

SEIZE, INTERRUPT = 0x4206, 0x4207
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                        ctypes.c_void_p]


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) == -1:
        error = ctypes.get_errno()
        sys.exit(f"ptrace of thread {thread}: {os.strerror(error)}")


pid, name = sys.argv[1:]
frozen = 0
for thread in os.listdir(f"/proc/{pid}/task"):
    with open(f"/proc/{pid}/task/{thread}/comm", encoding="ascii") as file:
        if file.read().strip() != name:
            continue
    ptrace(SEIZE, int(thread))
    ptrace(INTERRUPT, int(thread))
    frozen += 1
print("frozen", frozen, flush=True)
while True:
    time.sleep(60)
