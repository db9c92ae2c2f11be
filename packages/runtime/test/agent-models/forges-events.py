import os

EVENTS = b'{"event":"failed","error":"a%sb"}' % (b' ' * 600_000) + b'''
{"event":"failed"}
{"event":"progress","recordsIn":"many","recordsOut":-1}
{"event":"rejected"}
'''


# modelop.score
def action(datum):
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, EVENTS)
        except OSError:
            pass
    os._exit(1)
    yield datum
