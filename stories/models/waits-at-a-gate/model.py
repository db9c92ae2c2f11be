import os
import time

# modelop.score
def score(row):
    while not os.path.exists(row["gate"]):
        time.sleep(0.02)
    if row["last"] == "yes":
        open(row["gate"] + "-passed", "w").close()
    yield {"id": row["id"]}
