# modelop.score
def score(row):
    yield {"id": row["id"]
