# modelop.schema.0: input_schema.avsc
# modelop.schema.1: output_schema.avsc

# modelop.init
def init():
    pass

# modelop.score
def score(data):
    if data["x"] == 0:
        yield {"y": float("nan")}
    elif data["x"] == 9:
        yield {"z": "no y in here"}
    else:
        yield {"y": 1 / data["x"]}
