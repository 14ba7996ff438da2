"""terminal.py - a program in a terminal of its own, for tests.

    terminal.py ROWS COLUMNS STEP... -- COMMAND...

A STEP is a number of seconds to wait, "key X" to type, "signal NAME" to send
to the program, or "size ROWS COLUMNS". Prints what is left on the screen that
the last step saw (escape sequences carried out), then facts as name=value:

    status    the exit status, or -N for signal N
    restored  yes, if the terminal's settings are those from before
    screens   how often the other screen was entered and left
    cursor    how often the cursor was hidden and shown
    cleared   how often the whole screen was cleared: what would flicker
"""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))


def read_for(fd, seconds, done=lambda: False):
    output = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done():
        if select.select([fd], [], [], 0.02)[0]:
            output += os.read(fd, 65536)
    return output


def screen(output):
    """The lines that stand there after the last time the cursor went home."""
    frame = output.split("\033[H")[-1].split("\033[J")[0]
    return re.sub("\033\\[[?0-9;]*[A-Za-z]|\r", "", frame)


def main():
    split = sys.argv.index("--")
    rows, columns = int(sys.argv[1]), int(sys.argv[2])
    master, slave = os.openpty()
    set_size(slave, rows, columns)
    before = termios.tcgetattr(slave)
    child = subprocess.Popen(
        sys.argv[split + 1:], stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    output = b""
    for step in sys.argv[3:split]:
        word, _, rest = step.partition(" ")
        if word == "key":
            os.write(master, rest.encode().decode("unicode_escape").encode())
        elif word == "signal":
            child.send_signal(getattr(signal, "SIG" + rest))
        elif word == "size":
            set_size(slave, *map(int, rest.split()))
            child.send_signal(signal.SIGWINCH)
        else:
            output += read_for(master, float(word),
                               lambda: child.poll() is not None)
    last = output.decode(errors="replace")
    output += read_for(master, 5, lambda: child.poll() is not None)
    output += read_for(master, 0.05)
    if child.poll() is None:
        child.kill()
    text = output.decode(errors="replace")
    print(screen(last))
    print("status=%d" % child.wait())
    print("restored=%s" % ("yes" if termios.tcgetattr(slave) == before
                           else "no"))
    print("screens=%d/%d" % (text.count("\033[?1049h"),
                             text.count("\033[?1049l")))
    print("cursor=%d/%d" % (text.count("\033[?25l"), text.count("\033[?25h")))
    print("cleared=%d" % text.count("\033[2J"))


main()
