"""The Python side of a runtime: everything here is ours, and none of it appears in a model's traceback."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
STAND_INS = os.path.join(os.path.dirname(HERE), 'stand_ins')
