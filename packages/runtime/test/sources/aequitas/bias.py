# modelop.metrics
def metrics(df):
    yield df.groupby("group").size().reset_index(name="n").to_dict(orient="records")
    yield {"done": True}
