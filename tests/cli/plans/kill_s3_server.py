"""Puts relays before the S3 server of this folder and cuts each off for good after so many bytes of a build, as a server
dies in the middle; the build must end with one line and exit 1, and every day must then be absent or whole."""

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import threading

port = int(open("server.port").read())


class Relay:
    """Passes connections on, until `left` bytes have gone to the server; then nobody answers any more."""

    def __init__(self, left):
        self.left, self.guard, self.open = left, threading.Lock(), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                return
            self.open += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source, target, counted):
        try:
            while data := source.recv(4096):
                if counted:
                    with self.guard:
                        self.left -= len(data)
                        if self.left < 0:
                            break
                target.sendall(data)
        except OSError:
            pass
        if self.left < 0:
            for end in [self.listener, *self.open]:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.listener.close()
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
build = ["--config", "shop.toml", "--from", "2024-03-01", "--to", "2024-03-03"]


def tamis(command, prefix, endpoint, *arguments):
    root = f"s3://key:secret@days/{prefix}?scheme=http&region=us-east-1&endpoint_override={endpoint}"
    where = ["--out", root] if command == "build" else [root]
    return subprocess.run(["tamis", "snapshot", command, *where, *arguments, "--quiet"], capture_output=True, text=True,
                          check=False, timeout=150)


def cut(number, moment):
    """True if the build that loses its server after so many bytes stopped."""
    straight = f"127.0.0.1:{port}"
    done = tamis("build", f"cut{number}", Relay(moment).endpoint, *build)
    lines = done.stderr.strip().splitlines()
    if done.returncode != 0:
        assert done.returncode == 1 and len(lines) == 1 and "s3://days/cut" in lines[0], done.stderr
        assert "secret" not in lines[0]
    looked = tamis("verify", f"cut{number}", straight, "--json")
    assert looked.returncode == 0, looked.stderr
    for day in json.loads(looked.stdout)["days"]:
        assert day["rows"] in (None, 200), day
    again = tamis("build", f"cut{number}", straight, *build)
    assert again.returncode == 0, again.stderr
    assert json.loads(tamis("verify", f"cut{number}", straight, "--json").stdout)["rows"] == 600
    return done.returncode != 0


counting = Relay(10**12)
whole = tamis("build", "whole", counting.endpoint, *build)
assert whole.returncode == 0, whole.stderr
total = 10**12 - counting.left
moments = [100] + [total * i // 10 for i in range(1, 10)]
with concurrent.futures.ThreadPoolExecutor(len(moments)) as pool:  # each waits some seconds for its server to come back
    stopped = sum(pool.map(cut, range(len(moments)), moments))
print(f"{total} bytes; stopped {stopped} of {len(moments)} builds")
sys.exit(0 if stopped >= 8 else 1)
