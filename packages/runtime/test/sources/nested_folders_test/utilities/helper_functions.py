from .constants import ONE

# modelop.score
def scale(x, factor):
    return x * factor * ONE
