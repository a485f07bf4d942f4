"""Writes a small log, facts about its users, and snapshot configs into the current folder. Arguments: days, rows a day."""

import random
import sys

days, rows = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(1)
first = 1709251200  # 2024-03-01
with open("log.csv", "w") as log:
    log.write("user,item,event,value,position,request,event_time,known_time\n")
    for day in range(days):
        for row in range(rows):
            event = chance.choice(["impression", "impression", "click"])
            time = first + 86400 * day + chance.randrange(86400)
            log.write(f"u{chance.randrange(50)},i{chance.randrange(30)},{event},{chance.randrange(90)},{1 + row % 5},"
                      f"r{row // 5},{time},{time + chance.choice([0, 0, 60, 90000])}\n")
with open("people.csv", "w") as people:
    people.write("user,country,age,known\n")
    for user in range(50):
        people.write(f"u{user},{chance.choice(['DK', 'SE'])},{20 + user},{first - 5}\n")
        people.write(f"u{user},NO,{21 + user},{first + 86400 * 2}\n")
with open("shop.toml", "w") as config:
    config.write("""[snapshot]
rows = "views"

[[source]]
kind = "events"
name = "views"
path = "log.csv"

[[source]]
kind = "statistics"
name = "daily"
of = "views"

[[source]]
kind = "context"
name = "people"
path = "people.csv"
texts = ["country"]
numbers = ["age"]
known_time = "known"
""")
