# modelop.score
def score(row):
    yield {"id": row["id"], "score": float("nan") if row["id"] % 2 else 1.5}
