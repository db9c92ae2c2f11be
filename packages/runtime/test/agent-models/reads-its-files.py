import json
import os

from lib.words import word


# modelop.init
def begin(job):
    global weights, packed, told
    weights = json.load(open('binaries/weights.json'))
    packed = open('packed/inside.txt').read().strip()
    told = json.loads(job['rawJson'])['jobParameters']['threshold']


# modelop.score
def action(datum):
    moc = sorted(os.listdir('__moc_runtime'))
    yield {'w': weights['w'], 'packed': packed, 'word': word, 'told': told, 'moc': moc, 'extra': open('extra.txt').read(),
           'dir': os.path.isdir('outputDir')}
