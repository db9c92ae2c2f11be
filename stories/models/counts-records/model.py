seen = 0

# modelop.score
def score(row):
    global seen
    seen += 1
    yield {"id": row["id"], "seen": seen}
