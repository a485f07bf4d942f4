#!/usr/bin/env python3
"""Writes log.csv and items.csv for table.toml into the current folder: 40 users, 30 items, 8 days, the same at each call.

A user likes the items of one kind (item modulo 5) and of a second one that everyone likes (item modulo 7 = 0).
`make_log.py zstd FROM TO` stores a file as zstd in blocks that are not compressed, for want of zstd in Python.
"""

import sys

state = 1


def draw(below):
    """Numerical Recipes' linear congruential generator: the same in every version of Python."""
    global state
    state = (1664525 * state + 1013904223) % 2**32
    return (state >> 8) % below


def shown_items():
    items = list(range(30))
    for place in range(6):
        other = place + draw(30 - place)
        items[place], items[other] = items[other], items[place]
    return items[:6]


def write_log():
    rows = ["user,item,event,value,position,request,event_time"]
    for day in range(1, 9):
        for user in range(day % 2, 40, 2):
            request = f"r{day}x{user}"
            shown = list(enumerate(shown_items(), 1))
            rows += [f"u{user},i{item},impression,,{place},{request},2024-01-0{day} 12:{user:02}:00"
                     for place, item in shown]
            for place, item in shown:
                if draw(10) < (6 if item % 5 == user % 5 or item % 7 == 0 else 1):
                    rows.append(f"u{user},i{item},click,12.5,{place},{request},2024-01-0{day} 12:{user:02}:20")
    with open("log.csv", "w", encoding="utf-8") as file:
        file.write("\n".join(rows) + "\n")
    with open("items.csv", "w", encoding="utf-8") as file:
        file.write("item,text,category\n")
        file.writelines(f"i{item},kind{item % 5} liked{item % 7} thing,c{item % 5}\n" for item in range(30))


def store_as_zstd(source, target):
    with open(source, "rb") as file:
        data = file.read()
    blocks = [data[at:at + 65536] for at in range(0, len(data), 65536)]
    with open(target, "wb") as file:
        file.write(b"\x28\xB5\x2F\xFD\x00\x58")  # magic, no content size, a window of 2 MiB (RFC 8878, 3.1.1)
        for number, block in enumerate(blocks):
            last = number + 1 == len(blocks)
            file.write((last | len(block) << 3).to_bytes(3, "little") + block)


if len(sys.argv) == 4 and sys.argv[1] == "zstd":
    store_as_zstd(sys.argv[2], sys.argv[3])
else:
    write_log()
