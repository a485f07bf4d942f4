#!/usr/bin/env python3
"""kill_after.py JOURNAL LINES DELAY COMMAND...: runs the command and ends it by SIGKILL once the journal has so many
lines and DELAY seconds more have passed. Prints "killed", or "ended" if it was quicker."""

import pathlib
import signal
import subprocess
import sys
import time

journal, lines, delay, command = pathlib.Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
while run.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= lines):
    time.sleep(0.0005)
time.sleep(delay)
run.kill()
print("killed" if run.wait() == -signal.SIGKILL else "ended")
