# modelop.init
def begin():
    global seen
    seen = 0

# modelop.score
def action(data):
    for field in data:
        yield field
