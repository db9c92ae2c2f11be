import sys


def action(datum):
    for number in range(20000):
        print("line", number, "of very many that say nothing at all", "." * 60)
    sys.stdout.write("x" * 1000000)
    sys.stderr.write("without a line end")
    yield datum
