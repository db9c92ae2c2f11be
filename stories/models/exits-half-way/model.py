import os

# modelop.score
def score(row):
    if row["id"] == 10:
        os._exit(0)
    yield row
