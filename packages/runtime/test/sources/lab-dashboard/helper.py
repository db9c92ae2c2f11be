# modelop.init
def init(a, b):
    raise RuntimeError("bound in a helper")

def calculate(n):
    return n * 1.5
