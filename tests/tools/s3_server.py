#!/usr/bin/env python3
"""An S3 server on loopback for tests: moto from PyPI, in an environment of its own under build/.

    s3_server.py start FOLDER    starts one with an empty bucket "days", writes its port and process number into FOLDER
    s3_server.py stop FOLDER     ends it
    s3_server.py kill FOLDER     ends it at once, as a server dies

Exits 77, with the reason on its last line, where moto cannot be had."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

# A test that fails does not come to its `stop`: the server goes when the test's folder does.
SERVER = """
import os, sys, threading, time
def watch():
    while os.path.exists(sys.argv[1]):
        time.sleep(0.5)
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
from moto.server import main
main(["-H", "127.0.0.1", "-p", sys.argv[2]])
"""
ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "moto"
MOTO = "moto[server,s3]==5.2.5"


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def install():
    """The environment's python, made when first asked for."""
    python = HOME / "bin" / "python"
    done = HOME / "installed"
    if done.exists() and done.read_text() == MOTO:
        return python
    HOME.parent.mkdir(parents=True, exist_ok=True)
    for command in ([sys.executable, "-m", "venv", str(HOME)],
                    [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MOTO]):
        try:
            made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        except (OSError, subprocess.TimeoutExpired) as error:
            skip(f"moto cannot be installed: {error}")
        if made.returncode != 0:
            skip("moto cannot be installed: " + (made.stderr.strip().splitlines() or ["no reason given"])[-1])
    done.write_text(MOTO)
    return python


def start(folder):
    python = install()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(folder / "server.log", "w") as log:
        server = subprocess.Popen([str(python), "-c", SERVER, str(folder.resolve()), str(port)], stdout=log, stderr=log,
                                  stdin=subprocess.DEVNULL, start_new_session=True)
    (folder / "server.pid").write_text(str(server.pid))
    (folder / "server.port").write_text(str(port))
    bucket = urllib.request.Request(f"http://127.0.0.1:{port}/days", method="PUT")
    for _ in range(300):
        try:
            urllib.request.urlopen(bucket, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
    skip("moto does not start: " + ((folder / "server.log").read_text().strip().splitlines() or ["no word"])[-1])


def end(folder, how):
    try:
        os.kill(int((folder / "server.pid").read_text()), how)
    except (OSError, ValueError):
        pass


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "start":
        start(place)
    else:
        end(place, signal.SIGKILL if sys.argv[1] == "kill" else signal.SIGTERM)
