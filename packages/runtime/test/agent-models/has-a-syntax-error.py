def action(datum)
    yield datum
