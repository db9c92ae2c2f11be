import warnings

def load():
    warnings.warn("Trying to unpickle estimator from version 0.18", UserWarning, stacklevel=2)

def predict(x):
    warnings.warn("X does not have valid feature names", UserWarning)
    return x
