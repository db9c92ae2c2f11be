from .drift import drift
