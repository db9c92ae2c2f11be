"""Runs one model over the inputs of one job: `python -u -X utf8 run.py PLAN`.

Any Python from 3.8 on, standard library only. The plan and the events are described in src/harness-protocol.ts.
"""
import os
import sys


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: python -u -X utf8 run.py PLAN')
    plan_path = os.path.abspath(sys.argv[1])
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != here]
    sys.path.insert(0, here)
    from rowhouse_harness import job
    sys.path.remove(here)
    job.run_and_leave(plan_path, 3)


if __name__ == '__main__':
    main()
