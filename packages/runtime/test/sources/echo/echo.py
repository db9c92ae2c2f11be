# modelop.schema.0: echo_in.avsc
# modelop.schema.1: echo_out.avsc

# modelop.score
def action(datum):
    yield datum
