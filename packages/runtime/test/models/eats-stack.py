def action(datum):
    return action(datum)
