import queue
import threading
import time

jobs = queue.Queue()
results = queue.Queue()

def work():
    while True:
        results.put(jobs.get() * 2)

def idle():
    while True:
        time.sleep(3600)

# modelop.init
def begin():
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    threading.Thread(target=idle).start()

# modelop.score
def action(x):
    for one in x:
        jobs.put(one)
    yield sorted(results.get() for _ in x)
