import os
import time


# modelop.init
def begin(job):
    global file
    file = job['job']['jobParameters']['file']


# modelop.score
def action(datum):
    while not os.path.exists(file):
        time.sleep(0.01)
    yield {'id': datum['id']}
