import json
import os


# modelop.train
def train():
    with open('outputDir/model.json', 'w') as out:
        json.dump({'weights': [1, 2]}, out)
    os.makedirs('outputDir/deep')
    with open('outputDir/deep/notes.txt', 'w') as out:
        out.write('trained')
    with open('beside.txt', 'w') as out:
        out.write('x')
