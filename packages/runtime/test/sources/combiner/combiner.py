#fastscore.slot.0: in-use
#fastscore.slot.2:in-use
#fastscore.slot.4: in-use
#fastscore.slot.1: in-use
#fastscore.action.$in: action
import json
waiting = {}

def action(datum, slot):
    global waiting
    key = datum["key"]
    parts = waiting.setdefault(key, {})
    parts[slot] = datum["value"]
    if len(parts) < 3:
        return
    del waiting[key]
    yield {"key": key, "sum": sum(parts.values()), "slots": sorted(parts)}
