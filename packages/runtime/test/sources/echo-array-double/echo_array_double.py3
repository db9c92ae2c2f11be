#fastscore.schema.0: array-double
#fastscore.schema.1: array-double
#fastscore.module-attached: numpy

def action(datum):
    yield [2 * x for x in datum]
