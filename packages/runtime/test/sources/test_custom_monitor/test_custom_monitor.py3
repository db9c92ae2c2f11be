import json

#modelop.init
def begin():
    global EXTRA
    EXTRA = json.load(open("./external_kpi.json"))

#modelop.metrics
def metrics(data):
    first = data["readings"][0]
    return {"first": first[0], "kind": type(first).__name__, "deep": data["nested"][1]["a"]["b"], "kpi": EXTRA["kpi"]}
