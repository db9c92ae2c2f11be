def wrap(n, alone):
    return {"n": n, "alone": alone}
