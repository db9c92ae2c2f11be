import shapes
from moc_monitors import drift

# modelop.score
def score(x):
    yield [drift(x), shapes.SIDES, open("src/note.txt").read().strip(), open("top.txt").read().strip(), __file__.endswith("src/monitor.py")]
