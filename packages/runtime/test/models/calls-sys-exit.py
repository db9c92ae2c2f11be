import sys


def action(datum):
    sys.exit(0)
