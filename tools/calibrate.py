#!/usr/bin/env python3
"""Runs a plan over many seeds and asks whether the funnel can be trusted.

calibrate.py regret --tamis BIN --plan PLAN --seeds 40 --at-least 36
    In a world whose truth is known: the regret of what is live afterwards (the candidate shipped, or the incumbent when
    nothing is) is at most a tenth of the gap between the true best and the incumbent, in at least so many seeds.
calibrate.py equal --tamis BIN --plan PLAN --seeds 200
    In a world where no candidate is better than another: something is shipped in at most 5 % of the seeds, plus three
    standard errors of such a count.

One line a seed, then the verdict. Exit 0 if it holds, 1 if not, 2 for a wrong call.
"""
import argparse
import concurrent.futures
import json
import math
import os
import subprocess
import sys
import tempfile
import time

RATE = 0.05
SHARE = 0.10


def run(options, seed):
    with tempfile.TemporaryDirectory() as folder:
        command = [options.tamis, "sift", options.plan, "--out", folder, "--seed", str(seed), "--threads", "1",
                   "--quiet", "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"seed {seed}: exit {done.returncode}: {done.stderr.strip()}")
    return seed, json.loads(done.stdout)


def regret_line(seed, report):
    truth = report["truth"]
    # Without a gap the incumbent is the true best: shipping nothing costs nothing, shipping anything is a miss.
    share = truth["regret_share"]
    good = share <= SHARE if share is not None else truth["regret"] == 0
    told = "-" if share is None else f"{100 * share:5.1f} %"
    return good, (f"seed {seed:3d}: ships {report['ship'] or 'nothing':18s} true best {truth['true_best']:18s} "
                  f"rank {truth['rank_of_shipped']:2d} regret {told} of the gap {truth['gap']:.2f}")


def equal_line(seed, report):
    shipped = report["ship"] is not None
    return not shipped, f"seed {seed:3d}: ships {report['ship'] or 'nothing'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=["regret", "equal"])
    parser.add_argument("--tamis", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--at-least", type=int, default=0)
    options = parser.parse_args()
    tell = regret_line if options.question == "regret" else equal_line
    begun = time.monotonic()
    good = 0
    jobs = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for seed, report in pool.map(lambda s: run(options, s), range(1, options.seeds + 1)):
            fine, line = tell(seed, report)
            good += fine
            print(line, flush=True)
    n = options.seeds
    if options.question == "regret":
        holds = good >= options.at_least
        print(f"regret at most {100 * SHARE:.0f} % of the gap in {good} of {n} seeds, wanted {options.at_least}", end="")
    else:
        most = RATE + 3 * math.sqrt(RATE * (1 - RATE) / n)
        wrong = n - good
        holds = wrong <= most * n
        print(f"shipped by mistake in {wrong} of {n} seeds ({100 * wrong / n:.1f} %), at most {100 * most:.1f} %", end="")
    print(f": {'holds' if holds else 'FAILS'} ({time.monotonic() - begun:.0f} s)")
    return 0 if holds else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        print(f"calibrate: {error}", file=sys.stderr)
        sys.exit(1)
