#!/usr/bin/env python3
"""Run a server for as long as its owner lives.

Usage: supervise.py FOLDER LOG PROGRAM [ARGUMENT…]
The program runs as the user whom FOLDER belongs to. The owner holds the other end of standard input. A line there names
a stop mode (`fast` or `immediate`). When it closes without one, the owner has ended, by whatever cause: the server is
stopped and FOLDER removed. Exits when the server does.
"""
import os
import select
import shutil
import signal
import subprocess
import sys

SIGNALS = {'fast': signal.SIGINT, 'immediate': signal.SIGQUIT}


def obey_signals():
    """Undo what a shell does to its background jobs, which is passed on: they ignore some signals."""
    for number in SIGNALS.values():
        signal.signal(number, signal.SIG_DFL)


def main():
    folder, log, *command = sys.argv[1:]
    user = {}
    if os.geteuid() == 0:
        owner = os.stat(folder)
        user = {'user': owner.st_uid, 'group': owner.st_gid, 'extra_groups': []}
    with open(log, 'ab') as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  preexec_fn=obey_signals, **user)
    while server.poll() is None:
        if select.select([sys.stdin], [], [], 0.1)[0]:
            mode = sys.stdin.readline().strip()
            server.send_signal(SIGNALS[mode or 'immediate'])
            server.wait()
            if not mode:
                shutil.rmtree(folder, ignore_errors=True)
    return server.returncode != 0


if __name__ == '__main__':
    sys.exit(main())
