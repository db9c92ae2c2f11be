"""`configure_logger` and `merge`, as monitors call them."""
import logging
import sys

FORMAT = '%(levelname)s:%(name)s:%(message)s'


def configure_logger(name='modelop', level=logging.INFO):
    """A logger that writes to standard error, which is the job's log."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
        logger.propagate = False
    return logger


def merge(first, *others):
    """A new dictionary: later ones win, dictionaries inside are merged in the same way."""
    merged = dict(first)
    for other in others:
        for key, value in other.items():
            both = isinstance(value, dict) and isinstance(merged.get(key), dict)
            merged[key] = merge(merged[key], value) if both else value
    return merged
