#fastscore.schema.0:close_price
# fastscore.schema.1: position
#fastscore.recordsets.$all: false
# fastscore.action.0: preprocess
#fastscore.action.2: unused
# fastscore.module-attached: pandas
# fastscore.unheard-of.7: whatever

def begin():
    global total
    total = 0

def preprocess(datum, slot, seqno):
    global total
    total += datum
    yield [seqno, slot, total]

def action(datum):
    yield "not bound"

def end():
    return "end"
