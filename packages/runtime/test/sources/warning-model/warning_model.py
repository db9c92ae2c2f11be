import warnings

import library

# modelop.init
def begin():
    library.load()
    warnings.warn("about the model itself, not about a record")

# modelop.score
def action(datum):
    yield library.predict(datum)

# modelop.metrics
def metrics(df):
    yield {"before": True}
    warnings.warn("few rows: %d" % len(df))
    yield {"after": True}
