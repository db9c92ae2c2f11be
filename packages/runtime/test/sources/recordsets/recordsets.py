# fastscore.recordsets.0: true
# fastscore.recordsets.1: true

# modelop.score
def action(df):
    print(type(df).__name__, getattr(df, "shape", None))
    df["double"] = df["x"] * 2
    yield df[["x", "double"]]
