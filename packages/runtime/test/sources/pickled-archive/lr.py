import pickle

# modelop.init
def begin():
    global weights
    weights = pickle.load(open("lr_pickle1.pkl", "rb"))
    with open("folder/words.txt") as f:
        weights["words"] = f.read().split()

# modelop.score
def action(x):
    yield weights
