# modelop.score
def score(row):
    for n in range(2000):
        print("x" * 100, n)
    yield {"id": row["id"]}
