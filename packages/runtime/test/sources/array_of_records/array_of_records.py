# modelop.schema.0: input_schema.avsc
# modelop.schema.1: output_schema.avsc

# modelop.score
def action(datum):
    yield [{"name": record["name"], "n": len(datum)} for record in datum]
