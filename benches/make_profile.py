#!/usr/bin/env python3
"""Makes the profile that benchmarks run from a dump of a real device's parameters.

    python3 benches/make_profile.py device-parameters.tsv tr-181-2-17.tsv > etc/profiles/bench-gateway.toml

device-parameters.tsv: path, type (xsd:...), value; tab separated, values with XML entities.
tr-181-2-17.tsv: the published model: path, type, access, flags ... number-of-entries parameter. It says what is
writable, what reads as empty, which tables can grow, and which parameters count instances.
"""

import collections
import html
import json
import re
import sys

HEADER = """\
# The {count} parameters of a real gateway, for benchmarks.
# Made by benches/make_profile.py, which says how; not to be edited.
"""

ZERO = {"string": "", "boolean": "false", "dateTime": "0001-01-01T00:00:00Z", "hexBinary": "", "base64": ""}
NUMBERS = ("int", "long", "unsignedInt", "unsignedLong")


def read_model(path):
    model = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            model[fields[0]] = fields + [""] * (10 - len(fields))
    return model


def read_device(path):
    """Yields path, type and a value that fits the type."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, kind, value = (line.rstrip("\n").split("\t") + [""])[:3]
            kind = kind.removeprefix("xsd:")
            value = html.unescape(value)
            # What the device answered where it had no value.
            if value == "" or (kind == "dateTime" and "T" not in value):
                value = ZERO.get(kind, "0")
            if kind == "boolean":
                value = "true" if value in ("1", "true") else "false"
            yield name, kind, value


def generic(path):
    return re.sub(r"\.\d+(?=\.)", ".{i}", path)


def order(path):
    return [(segment.isdigit(), int(segment) if segment.isdigit() else 0, segment) for segment in path.split(".")]


def literal(kind, value):
    if kind in NUMBERS or kind == "boolean":
        return value
    return json.dumps(value, ensure_ascii=False)


def table_keys(path, model):
    """The value of the key `table` in the section `path`, which ends with {i}."""
    row = model.get(path)
    keys = []
    if row and row[2] == "W":
        keys.append("writable = true")
    if row and row[9]:
        keys.append(f'count = "{row[9]}"')
    if row and row[8] not in ("", "Enable"):
        keys.append(f'enable = "{row[8]}"')
    return keys


def main(device, published):
    model = read_model(published)
    values = collections.defaultdict(list)
    definitions = collections.defaultdict(dict)
    given = collections.defaultdict(dict)
    parameters = list(read_device(device))
    for path, kind, value in parameters:
        values[generic(path)].append(value)
    for path, kind, value in parameters:
        name = generic(path)
        section, key = name.rsplit(".", 1)
        default = collections.Counter(values[name]).most_common(1)[0][0]
        row = model.get(name)
        keys = [] if kind == "string" else [f'type = "{kind}"']
        if row and row[2] != "R":
            keys.append("writable = true")
        if row and "hidden" in row[3].split(","):
            keys.append("hidden = true")
        # The profile gives aliases itself.
        if key != "Alias" and default != ZERO.get(kind, "0"):
            keys.append(f"value = {literal(kind, default)}")
        definitions[section + "."][key] = "{ " + ", ".join(keys) + " }" if keys else "{}"
        if name != path:
            instance = given[path.rsplit(".", 1)[0] + "."]
            number = path.rsplit(".", 2)[1]
            if value != (f"cpe-{number}" if key == "Alias" else default):
                instance[key] = literal(kind, value)
    print(HEADER.format(count=len(parameters)), end="")
    for sections in (definitions, given):
        for section in sorted(sections, key=order):
            print(f'\n["{section}"]')
            keys = table_keys(section, model) if section.endswith("{i}.") else []
            if keys:
                print("table = { " + ", ".join(keys) + " }")
            for key in sorted(sections[section]):
                print(f"{key} = {sections[section][key]}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
