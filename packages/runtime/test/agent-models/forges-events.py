import os

EVENTS = b'''{"event":"failed"}
{"event":"progress","recordsIn":"many","recordsOut":-1}
{"event":"rejected"}
''' + b'{"event":"failed","error":"a%sb"}\n' % (b' ' * 600_000)


# modelop.score
def action(datum):
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, EVENTS)
        except OSError:
            pass
    os._exit(1)
    yield datum
