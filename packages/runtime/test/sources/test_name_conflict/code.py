import json
import inspect
import logging
import pdb  # imports code

# modelop.init
def begin():
    logging.info(inspect.getsource(json.dumps)[:3])

# modelop.score
def action(x):
    import random
    import string
    yield {"name": __name__, "json": json.dumps(x), "digits": string.digits, "dump": json.__name__}
