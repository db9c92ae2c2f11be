# modelop.init
def begin():
    global THRESHOLD
    THRESHOLD = 6000.0

# modelop.score
def action(data):
    print(data["id"], repr(data["loan_amnt"]), type(data["int_rate"]).__name__, data["term"])
    yield dict(data, approved=data["loan_amnt"] < THRESHOLD)
