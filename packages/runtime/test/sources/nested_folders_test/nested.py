# modelop.schema.0: schemas/input_schema.avsc
# modelop.schema.1: output_schema.avsc
import pickle
from utilities.helper_functions import scale
from utilities import constants

# modelop.init
def begin():
    global model, prompt
    with open("./binaries/model.pkl", "rb") as f:
        model = pickle.load(f)
    prompt = open("prompts/hello.txt").read().strip()

# modelop.score
def action(x):
    yield {"out": scale(x, model["factor"]), "prompt": prompt, "one": constants.ONE}
