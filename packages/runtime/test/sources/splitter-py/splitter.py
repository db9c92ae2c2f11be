# fastscore.slot.0: in-use
# fastscore.slot.1: in-use
# fastscore.slot.3: in-use

def action(datum):
    if datum["amount"] > 100:
        yield (3, {"id": datum["id"], "big": True})
    else:
        yield (1, {"id": datum["id"], "big": False})
    yield (5, datum["id"])
