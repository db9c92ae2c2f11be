# modelop.slot.0: in-use
# modelop.slot.2: in-use
# modelop.slot.1: in-use

import sys

#modelop.init
def begin():
    print("begin", flush=True)

#modelop.score
def action(datum, slot):
    sys.stderr.write("slot %d\n" % slot)
    yield {"slot": slot, "datum": datum}

#modelop.metrics
def metrics(data, slot_no):
    yield {"slot": slot_no, "rows": len(data)}
