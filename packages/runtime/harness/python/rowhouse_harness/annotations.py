"""The comment lines of a model source that say which function does what, and how its slots are fed."""
import re
import unicodedata

ANNOTATION = re.compile(
    r'(?:#|//)[ \t]*(modelop|fastscore)\.([a-z][a-z-]*)(?:\.(\$?[\w-]+))?[ \t]*(?::[ \t]*(.*?))?[ \t]*\r?$',
    re.IGNORECASE,
)
DEFINITION = re.compile(r'[ \t]*(?:async[ \t]+)?def[ \t]+([^\s(\[:]+)')
# `predict = lambda d: …` defines a function as well; an assignment that calls something may be anything.
ASSIGNMENT = re.compile(r'(\w[^\s=:]*)[ \t]*=[ \t]*(?:lambda\b|(?:functools\.)?partial\()')
ROLES = {'init': 'init', 'score': 'score', 'metrics': 'metrics', 'train': 'train', 'training': 'train'}
DEFAULTS = {'init': 'begin', 'score': 'action', 'metrics': 'metrics', 'train': 'train'}
SWITCHED_OFF = ('unused', 'none')
YES = ('true', 'yes', 'on', '1', 'both')


class Annotations:
    def __init__(self):
        # role -> function name, and (tag, scope) -> value; the first one in the file wins.
        self.functions = {}
        self.settings = {}

    def setting(self, tag, slot):
        """The value for a slot: its own scope wins over `$in`/`$out`, those over `$all` and no scope."""
        for scope in (str(slot), '$out' if slot % 2 else '$in', '$all', None):
            if (tag, scope) in self.settings:
                return self.settings[tag, scope]
        return None

    def recordsets(self, slot):
        value = (self.setting('recordsets', slot) or '').lower()
        return value in YES or value == ('output' if slot % 2 else 'input')

    def action(self, slot):
        """The function that a slot is bound to; None where the score function has it."""
        value = self.setting('action', slot)
        return None if value is None or value == '' or value.lower() in SWITCHED_OFF else value


def read_annotations(source):
    found = Annotations()
    waiting = []
    # Lines as Python has them, also those that end in CR alone.
    for line in re.split('\r?\n|\r', source):
        match = ANNOTATION.match(line)
        if match is None:
            definition = DEFINITION.match(line) or ASSIGNMENT.match(line) if waiting else None
            if definition is not None:
                # The name as Python has it, whatever way its characters are composed in the file.
                name = unicodedata.normalize('NFKC', definition.group(1))
                for role in waiting:
                    found.functions.setdefault(role, name)
                waiting = []
            continue
        prefix, tag, scope, value = match.groups()
        tag = tag.lower()
        if tag not in ROLES:
            found.settings.setdefault((tag, scope.lower() if scope else None), value or '')
        elif prefix.lower() == 'modelop':
            waiting.append(ROLES[tag])
    return found
