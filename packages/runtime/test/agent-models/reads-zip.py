# modelop.schema.0: in.avsc
# modelop.schema.1: out.avsc


# modelop.score
def action(datum):
    yield {'zip': datum['zip'], 'text': isinstance(datum['zip'], str)}
