#!/usr/bin/env python3
"""Cuts out of a published model's table what the shipped profiles have of it, for tests/profiles.rs.

    python3 tests/data/extract.py tr-181-2-17.tsv etc/profiles/*.toml > tests/data/tr-181-2-17.tsv

The columns are those of the table's first line. Objects come along with their parameters.
"""

import re
import sys
import tomllib


def main(table, profiles):
    wanted = set()
    for profile in profiles:
        with open(profile, "rb") as file:
            for section, keys in tomllib.load(file).items():
                section = re.sub(r"\.\d+(?=\.)", ".{i}", section)
                wanted.update(section + key for key in keys)
                wanted.update(section[: dot.end()] for dot in re.finditer(r"\.", section))
    with open(table, encoding="utf-8") as lines:
        rows = [line for line in lines if line.startswith("#") or line.split("\t")[0] in wanted]
    # What counts the instances of a table need not be defined in a profile.
    counts = {row.rstrip("\n").split("\t")[9] for row in rows if row.count("\t") >= 9} - {""}
    with open(table, encoding="utf-8") as lines:
        for line in lines:
            path = line.split("\t")[0]
            parent, _, name = path.rpartition(".")
            if line in rows or (name in counts and parent + "." in wanted):
                print(line, end="")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
