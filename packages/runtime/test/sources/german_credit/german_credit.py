import json

WEIGHTS = {}

# modelop.init
def begin():
    global WEIGHTS
    WEIGHTS = json.load(open("weights.json"))

# modelop.score
def action(data):
    # must yield, says the comment
    if isinstance(data, dict):
        data = [data]
    out = []
    for row in data:
        row = dict(row)
        row["predicted_score"] = 1 if row["credit_amount"] * WEIGHTS["credit_amount"] > 1 else 0
        out.append(row)
    yield out
