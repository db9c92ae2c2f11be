from __future__ import annotations
from dataclasses import dataclass
import model
from model import predict

@dataclass
class Result:
    value: int

# modelop.score
def action(x):
    yield {"value": Result(predict(x)).value, "name": __name__, "other": model.__name__, "path": model.FILE}
