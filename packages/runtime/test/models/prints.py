import logging
import sys

print("at import: ü", end="\n\n")
logging.basicConfig()
logging.warning("a warning")


# modelop.init
def init():
    sys.stderr.write("in init\n")


# modelop.score
def score(datum):
    sys.stdout.write("no line end")
    yield datum
