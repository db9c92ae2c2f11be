# modelop.recordsets.1: true
import pandas as pd

# modelop.score
def action(datum):
    yield pd.DataFrame({"x": range(datum["n"])})
