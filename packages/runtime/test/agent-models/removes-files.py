import glob
import os


# modelop.score
def score(datum):
    for path in glob.glob(datum["remove"]):
        os.remove(path)
    yield {"done": True}
