# modelop.score
def score(data, baseline):
    return {"datum": data, "second": baseline}
