# modelop.metrics
def metrics(data):
    yield data.iloc[0].to_dict()
