import subprocess


# modelop.score
def action(datum):
    child = subprocess.Popen(['sleep', '86400'])
    yield {'child': child.pid}
