import os


# modelop.score
def action(datum):
    yield {'env': dict(os.environ), 'cwd': os.getcwd()}
