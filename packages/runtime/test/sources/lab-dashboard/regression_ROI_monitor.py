from helper import calculate

# # modelop.metrics
def old_metrics(df):
    raise RuntimeError("this one is commented out")

#modelop.init
def begin():
    pass

# some words

# modelop.metrics

def new_metrics(df):
    yield {"roi": calculate(len(df)), "which": "new"}

# modelop.metrics
def later_metrics(df):
    yield {"which": "later"}
