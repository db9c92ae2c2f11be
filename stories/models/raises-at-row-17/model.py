# modelop.score
def score(row):
    if row["id"] == 17:
        raise KeyError("amount")
    yield {"id": row["id"]}
