"""kill_snapshot.py ROOT DAYS: ends builds by SIGKILL at 20 random moments, from two logs in turn so that days get version
after version, and looks at what is left after each: every day must be absent or whole, as one of the two logs makes it.
Every fifth build is left to end, so that later ones are killed while they replace days that are there.
ROOT is a folder or an s3:// root. Prints how many builds were killed."""

import json
import random
import signal
import subprocess
import sys
import time

root, days = sys.argv[1], int(sys.argv[2])
last = f"2024-{3 + (days - 1) // 31:02}-{1 + (days - 1) % 31:02}"
chance = random.Random(7)


def beside(name):
    """A root of the same kind."""
    place, mark, options = root.partition("?")
    return f"{place}-{name}{mark}{options}"


def tamis(*arguments):
    done = subprocess.run(["tamis", "snapshot", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def build(log, out):
    lines = open("shop.toml").read().replace("log.csv", log)
    open(f"{log}.toml", "w").write(lines)
    return ["build", "--config", f"{log}.toml", "--from", "2024-03-01", "--to", last, "--out", out, "--quiet", "--json"]


def rows_of(out):
    """What each day holds, by the rows and completeness of its manifest and the values of its parts."""
    found = {}
    for day in tamis("verify", out, "--json")["days"]:
        if day["rows"] is None:
            continue
        name = f"{len(found)}.csv"
        tamis("get", out, "--from", day["day"], "--to", day["day"], "--out", name, "--json")
        found[day["day"]] = open(name).read()
    return found


logs = ["log.csv", "late.csv"]
rows = open("log.csv").read()
first = 1709251200
late = "".join(f"late,i1,click,5,1,r0,{first + 86400 * day + 86000},{first + 86400 * day + 86000}\n" for day in range(days))
open("late.csv", "w").write(rows + late)
whole = []
for log in logs:
    begun = time.monotonic()
    tamis(*build(log, beside(log)))
    took = time.monotonic() - begun
    whole.append(rows_of(beside(log)))
    assert len(whole[-1]) == days
assert all(whole[0][day] != whole[1][day] for day in whole[0])

killed = 0
for turn in range(80):
    run = subprocess.Popen(["tamis", "snapshot", *build(logs[turn % 2], root)], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    if turn % 5 != 4:
        time.sleep(chance.uniform(0.02, took))
        run.kill()
    hit = run.wait() == -signal.SIGKILL
    killed += hit
    if not hit and turn % 5 != 4:
        took *= 0.8  # it ended before its moment came: builds are quicker than the first was
    try:
        found = rows_of(root)
    except AssertionError:
        if killed == turn + 1:
            continue  # all were killed before there was a root
        raise
    for day, text in found.items():
        assert text in (whole[0][day], whole[1][day]), f"turn {turn}: {day} is neither"
    if killed == 20:
        break
result = tamis(*build(logs[1], root))
assert rows_of(root) == whole[1]
assert all(state["leftovers"] == [] for state in tamis("verify", root, "--json")["days"])
versions = max(day["version"] for day in result["days"])
print(f"killed {killed} of {turn + 1}; up to {versions} versions of a day")
assert killed == 20 and versions >= 3
