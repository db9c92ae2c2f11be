# modelop.score
def action(datum):
    if datum['id'] == 2:
        raise UserWarning('amount looks odd')
    yield {'id': datum['id']}
