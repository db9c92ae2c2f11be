import json

# modelop.metrics
def metrics(df):
    yield json.dumps({"rmse": float(df.price.std(ddof=0))})
