#!/usr/bin/env python3
"""How large the device binary is on mipsel, of what, and whether it keeps its budget.

    cross/size.py               builds, prints what grew since cross/size.txt, fails when a budget is exceeded
    cross/size.py --write       the same, and writes cross/size.txt and the README's table of features anew
    cross/size.py --symbols F   prints what the unstripped binary F consists of, and builds nothing

The budgets (stripped, in bytes) are those of the design: everything in, and without the companions.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = ROOT / "cross/size.txt"
TARGET = "mipsel-unknown-linux-musl"
COMPANIONS = {"stun", "xmpp", "bulkdata", "twamp", "udpecho"}
EVERYTHING, WITHOUT_COMPANIONS = 2_000_000, 1_500_000
# Smaller changes of a crate or room are not worth a line.
NOTEWORTHY = 512


def build(features):
    """The stripped binary with just these cargo features. `device` is all of them, and what is shipped."""
    command = [ROOT / "cross/build.sh", TARGET, "--no-default-features"]
    if features:
        command += ["--features", ",".join(features)]
    print("building with", ",".join(features) or "no feature", flush=True)
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {built.returncode}")
    return pathlib.Path(built.stdout.splitlines()[-1])


def parts(symbols):
    """Bytes by 'crate NAME' and 'room NAME', from the unstripped binary."""
    listing = subprocess.run(
        ["mips-linux-gnu-nm", "-C", "-S", symbols], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    found = collections.Counter()
    for line in listing.splitlines():
        symbol = re.fullmatch(r"[0-9a-f]+ ([0-9a-f]+) [tTwWrRdDvV] (.*)", line)
        if not symbol:
            continue
        size, name = int(symbol[1], 16), symbol[2]
        # A generic counts for the crate that wrote it, and for the room whose type it was made for.
        crate = re.match(r"[<&*(\[]*(?:(?:mut|const|dyn) )*([a-z_0-9]+)(?=::|>| as |\])", name)
        found["crate " + (crate[1] if crate else "(C)")] += size
        room = re.search(r"\bcwmpd::([a-z_0-9]+)(?:::([a-z_0-9]+))?", name)
        if room:
            found["room " + "::".join(filter(None, room.groups()))] += size
    return found


def record():
    """What cross/size.txt has."""
    known = collections.Counter()
    if RECORD.exists():
        for line in RECORD.read_text().splitlines():
            if line and not line.startswith("#"):
                size, name = line.split(None, 1)
                known[name] = int(size)
    return known


def write_record(sizes):
    """Writes cross/size.txt."""
    with RECORD.open("w") as file:
        file.write(f"# Bytes of the device binary on {TARGET}; made by: cross/size.py --write\n")
        for name, size in sorted(sizes.items(), key=lambda item: (item[0].split()[0], -item[1], item[0])):
            if size >= NOTEWORTHY:
                file.write(f"{size:9} {name}\n")


def write_readme(rows):
    """Puts the table of features between its marks in the README."""
    readme = ROOT / "README.md"
    table = "\n".join(["| cargo feature | KiB |", "|---|---|"] + rows)
    begin, end = "<!-- cross/size.py --write -->\n", "<!-- end -->"
    text, found = re.subn(
        re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + table + "\n" + end, readme.read_text(), flags=re.S
    )
    if not found:
        sys.exit("README.md has no place for the table of features")
    readme.write_text(text)


def main(arguments):
    if arguments[:1] == ["--symbols"] and len(arguments) == 2:
        for name, size in parts(arguments[1]).most_common():
            print(f"{size:9} {name}")
        return
    if arguments not in ([], ["--write"]):
        sys.exit(__doc__)

    parts_of_device = tomllib.loads((ROOT / "Cargo.toml").read_text())["features"]["device"]
    device = ["device"]
    base = [name for name in parts_of_device if name not in COMPANIONS]
    if base == parts_of_device:
        base = device
    sizes = collections.Counter()

    def measure(features):
        name = "build " + ("+".join(features) or "minimal")
        if name not in sizes:
            sizes[name] = build(features).stat().st_size
        return sizes[name]

    rows = [f"| none: a minimal client, plain HTTP | {measure([]) / 1024:.0f} |"]
    if arguments:
        for feature in parts_of_device:
            grown = measure(device) - measure([name for name in parts_of_device if name != feature])
            rows.append(f"| `{feature}` | +{grown / 1024:.0f} |")
    # Last, so that its symbols are the ones that lie there.
    budgets = [(measure(base), WITHOUT_COMPANIONS, "without companions"), (measure(device), EVERYTHING, "everything")]
    rows.append(f"| `device`: all of them, and what packages have | {measure(device) / 1024:.0f} |")
    symbols = build(device).with_name("cwmpd.symbols")
    sizes.update(parts(symbols))

    known = record()
    for name in sorted(set(known) | set(sizes), key=lambda name: known[name] - sizes[name]):
        grown = sizes[name] - known[name]
        if abs(grown) >= NOTEWORTHY:
            print(f"{grown:+9} {name}: {known[name]} -> {sizes[name]}")
    if arguments:
        write_record(sizes)
        write_readme(rows)
    for size, budget, what in budgets:
        print(f"{size:9} of {budget} bytes: {what}")
    if any(size > budget for size, budget, _ in budgets):
        sys.exit("the device binary is over its budget")


main(sys.argv[1:])
