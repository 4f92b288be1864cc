#!/bin/sh
# What the device build costs as a process, beside its budgets: see measure.py.
exec python3 "$(dirname "$0")/measure.py" "$@"
