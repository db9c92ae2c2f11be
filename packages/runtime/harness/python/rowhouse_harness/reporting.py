"""What the harness tells: events to the agent, rejected records to their file, and the counts of both."""
import json
import os
import sys
from io import open
from time import monotonic

# Ours from before the model came: one may put functions of its own in the place of json.dumps or open.
encode_event = json.JSONEncoder().encode
encode_reject = json.JSONEncoder(ensure_ascii=False).encode
PROGRESS_SECONDS = 0.5
# A file of nothing but bad lines must not drown the agent: further ones are counted and in the rejects file.
REJECTED_EVENTS_MAX = 1000
REASON_CHARACTERS_MAX = 4000
RAW_CHARACTERS_MAX = 64 * 1024
COUNTER = {
    ('input', 'encoding'): 'inputRejectedByEncoding',
    ('input', 'schema'): 'inputRejectedBySchema',
    ('output', 'encoding'): 'outputRejectedByEncoding',
    ('output', 'schema'): 'outputRejectedBySchema',
    ('input', 'model'): 'recordsFailedByModel',
}


class BadRecordStops(Exception):
    """`stopOnBadRecords`: the first bad record ends the job."""

    def __init__(self, record, line, reason):
        super().__init__(reason)
        self.record = record
        self.line = line
        self.reason = reason


class Report:
    """One per job. `watch` gives it the streams whose progress it tells."""

    def __init__(self, descriptor, rejects_path, stop_on_bad_records):
        self.descriptor = descriptor
        self.rejects_path = rejects_path
        self.rejects = None
        self.stop_on_bad_records = stop_on_bad_records
        self.counts = dict.fromkeys(COUNTER.values(), 0)
        self.events_of_rejects = 0
        self.streams = ()
        self.sinks = ()
        self.due = monotonic() + PROGRESS_SECONDS
        self.is_silent = False

    def fall_silent(self):
        """In a process that the model forked. Should it come back to us, it reads no record, writes no output and tells nothing."""
        self.is_silent = True
        self.rejects_path = os.devnull
        null = os.open(os.devnull, os.O_RDWR)
        files = [one.file for one in (*self.streams, *self.sinks) if hasattr(one, 'file')] + [self.rejects]
        for descriptor in [self.descriptor] + [file.fileno() for file in files if file is not None and not file.closed]:
            os.dup2(null, descriptor, inheritable=False)
        os.close(null)

    def watch(self, streams, sinks):
        self.streams = streams
        self.sinks = sinks

    def tell(self, event, **data):
        if self.is_silent:
            os._exit(0)
        data['event'] = event
        line = (encode_event(data) + '\n').encode('ascii')
        try:
            while line:
                line = line[os.write(self.descriptor, line):]
        except OSError:
            # Nobody listens any more: the agent died, its lease runs out, another attempt does this job.
            os._exit(1)

    def totals(self):
        return dict(
            self.counts,
            recordsIn=sum(stream.number for stream in self.streams),
            recordsOut=sum(sink.written for sink in self.sinks),
            bytesRead=sum(stream.bytes_read() for stream in self.streams),
        )

    def progress(self):
        """Called when `due` has passed; what was scored until now is on disk before it is told."""
        for sink in self.sinks:
            sink.flush()
        if self.rejects is not None:
            self.rejects.flush()
        self.tell('progress', **self.totals())
        self.due = monotonic() + PROGRESS_SECONDS

    def reject(self, direction, by, place, reason, raw=None):
        """`place` is (record, line)."""
        record, line = place
        reason = reason[:REASON_CHARACTERS_MAX]
        self.counts[COUNTER[direction, by]] += 1
        if self.rejects is None:
            self.rejects = open(self.rejects_path, 'w', encoding='utf-8', errors='backslashreplace')
        entry = {'direction': direction, 'record': record, 'line': line, 'code': by, 'reason': reason}
        entry['raw'] = raw[:RAW_CHARACTERS_MAX] if raw is not None else None
        self.rejects.write(encode_reject(entry) + '\n')
        if self.events_of_rejects < REJECTED_EVENTS_MAX:
            self.events_of_rejects += 1
            self.tell('rejected', direction=direction, by=by, record=record, line=line, reason=reason)
        if self.stop_on_bad_records:
            raise BadRecordStops(record or None, line, reason)

    def close(self):
        if self.rejects is not None:
            self.rejects.close()


def say(line):
    """On the model's console, unless the model has closed it."""
    try:
        sys.stderr.write(line + '\n')
    except Exception:
        pass
