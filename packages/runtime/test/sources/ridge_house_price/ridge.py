import warnings

import numpy as np
from sklearn.linear_model import Ridge

# modelop.init
def begin():
    global model
    warnings.resetwarnings()
    warnings.filterwarnings("ignore")
    model = Ridge(alpha=0.0).fit(np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0]))

# modelop.score
def action(rows):
    warnings.warn("not an error any more", UserWarning)
    yield [round(float(x), 6) for x in model.predict(np.array([[row["size"]] for row in rows]))]
