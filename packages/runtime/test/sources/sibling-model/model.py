FILE = "model.py"

# modelop.score
def predict(x):
    return x + 1
