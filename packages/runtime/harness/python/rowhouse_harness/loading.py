"""The primary source as the module `model`, in the folder with all its assets."""
import os
import re
import sys
import types
import warnings
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader

from rowhouse_harness import STAND_INS
from rowhouse_harness.annotations import DEFAULTS, read_annotations
from rowhouse_harness.calling import awaiting
from rowhouse_harness.failures import JobFailed, failure_of
from rowhouse_harness.reporting import say

MODULE = 'model'


class Model:
    """The loaded module and the functions that a job calls."""

    def __init__(self, module, annotations, wanted, trap):
        self.module = module
        self.trap = trap
        self.annotations = annotations
        self.wanted = wanted

    def raise_user_warnings(self):
        self.trap.is_armed = True
        forget_warnings()

    def find(self, role):
        """The function of a role, or None: the asset's name first, then the annotation, then the default name."""
        explicit = self.wanted.get(role)
        if explicit:
            found = self.look_up(explicit)
            if callable(found):
                return awaiting(found)
        # A missing init is normal, also where a record fills in its default name.
        if explicit and (role, explicit) != ('init', DEFAULTS['init']):
            raise JobFailed('load', "the asset names '%s' as its %s function, but %s does not define it; it defines: %s" % (explicit, role, self.source_name(), self.defined()))
        name = self.annotations.functions.get(role, DEFAULTS[role])
        found = self.look_up(name)
        return awaiting(found) if callable(found) else None

    def look_up(self, name):
        """What the source defines: a module has functions of its own, such as `__init__`."""
        return vars(self.module).get(name)

    def get(self, role):
        found = self.find(role)
        if found is None:
            raise JobFailed(
                'load',
                "%s has no %s function: put `# modelop.%s` on the line above one, or call it '%s'; it defines: %s"
                % (self.source_name(), role, role, DEFAULTS[role], self.defined()),
            )
        return found

    def get_all(self, role, slots):
        """The function for each input: an `action.<slot>` annotation binds a slot to one of its own."""
        names = {slot: self.annotations.action(slot) if role == 'score' and not self.wanted.get('score') else None for slot in slots}
        own = {slot: awaiting(self.look_up(name)) for slot, name in names.items() if name}
        missing = [names[slot] for slot, function in own.items() if not callable(function)]
        if missing:
            raise JobFailed('load', "an action annotation of %s names '%s', which it does not define; it defines: %s" % (self.source_name(), missing[0], self.defined()))
        if slots and len(own) == len(slots):
            return own
        main = self.get(role)
        return {slot: own.get(slot, main) for slot in slots or [0]}

    def source_name(self):
        return self.module.__spec_name__

    def defined(self):
        code = [name for name, value in vars(self.module).items() if isinstance(value, types.FunctionType) and value.__module__ == MODULE]
        return ', '.join(code) or 'no function'


def prepare_process(plan):
    """Working directory, arguments and import path as the model is to find them."""
    playground = plan['playground']
    os.chdir(playground)
    os.makedirs('outputDir', exist_ok=True)
    sys.argv[:] = [plan['source']]
    sys.dont_write_bytecode = True
    source_folder = os.path.dirname(os.path.join(playground, plan['source']))
    own = [playground] if os.path.samefile(source_folder, playground) else [playground, source_folder]
    # After the standard library: a source called code.py or inspect.py must not take the place of the real one. Before the libraries, as
    # a script's own folder is, unless the primary source bears the name of one of them (xgboost.py imports xgboost).
    libraries = [entry for entry in sys.path if is_library(entry)]
    stem = os.path.splitext(os.path.basename(plan['source']))[0]
    shadows = any(os.path.exists(os.path.join(folder, stem + ending)) for folder in libraries for ending in ('', '.py'))
    first = [entry for entry in sys.path if entry and entry not in libraries]
    sys.path[:] = first + (libraries + own if shadows else own + libraries) + [STAND_INS]
    sys.path_importer_cache.clear()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(encoding='utf-8', errors='backslashreplace', write_through=True)


def is_library(entry):
    return 'site-packages' in entry or 'dist-packages' in entry


class CalledFromModel:
    """Stands where a warnings filter has its pattern for the module: matches when the model itself called `warnings.warn`.

    The filter's own pattern would also match what a library raises with a `stacklevel` that points at the model (pandas does).
    """

    def __init__(self, scope):
        self.scope = scope
        # At import and in init a warning is only a warning: there is no record to lose.
        self.is_armed = False

    def __reduce__(self):
        # joblib sends the filters to its workers, where no model calls anything: there it is a pattern that never matches.
        return re.compile, ('(?!)',)

    @property
    def pattern(self):
        # scikit-learn has its parallel tasks make the filters anew, from the patterns of these: who called cannot be asked there.
        return MODULE + r'\Z' if self.is_armed else '(?!)'

    def match(self, _module):
        frame = sys._getframe(1)
        while frame is not None and frame.f_globals.get('__name__') in ('warnings', '_py_warnings', __name__):
            frame = frame.f_back
        return self.is_armed and frame is not None and frame.f_globals is self.scope


def raise_user_warnings_of(module):
    """A UserWarning of the model's own loses the record, once armed. In front of the list, so that the model can still reset it."""
    trap = CalledFromModel(vars(module))
    warnings.filters.insert(0, ('error', None, UserWarning, trap, 0))
    forget_warnings()
    return trap


def forget_warnings():
    """What was warned of once is asked anew."""
    if hasattr(warnings, '_filters_mutated'):
        warnings._filters_mutated()
    elif hasattr(warnings, '_filters_mutated_lock_held'):
        with warnings._lock:
            warnings._filters_mutated_lock_held()


def load_model(plan):
    path = os.path.join(plan['playground'], plan['source'])
    try:
        with open(path, 'rb') as file:
            content = file.read()
    except OSError as error:
        raise JobFailed('load', 'the source %s cannot be read: %s' % (plan['source'], error.strerror)) from None
    module = types.ModuleType(MODULE)
    module.__file__ = os.path.abspath(path)
    # As an imported module has them: libraries ask for the spec of the module that calls them (pkgutil, importlib.resources).
    module.__loader__ = SourceFileLoader(MODULE, module.__file__)
    module.__spec__ = spec_from_loader(MODULE, module.__loader__)
    module.__spec_name__ = plan['source']
    try:
        # Relative in tracebacks: a job's log names the user's file, not a folder of this machine.
        code = compile(content, plan['source'], 'exec', dont_inherit=True)
        text = decode_source(content)
        remember_lines(plan['source'], text)
        if not has_sibling(plan):
            sys.modules[MODULE] = module
            take_in_folders(module, plan)
        trap = raise_user_warnings_of(module)
        answer_for_main(module)
        exec(code, module.__dict__)
    except BaseException as error:
        say_what_is_missing(error)
        raise failure_of('load', error) from None
    return Model(module, read_annotations(text), plan['functions'], trap)


def say_what_is_missing(error):
    if not isinstance(error, ModuleNotFoundError) or not error.name or '.' in error.name:
        return
    if error.name == 'pyspark':
        say('PySpark models are not run by this runtime')
    else:
        say("'%s' is neither beside the source nor installed: is the package that brings it in requirements.txt?" % error.name)


def has_sibling(plan):
    """Another source beside the primary one has the name `model`: whoever imports it means that one."""
    primary = os.path.realpath(plan['source'])
    candidates = [os.path.join(folder, *parts) for folder in own_folders(plan) for parts in ((MODULE + '.py',), (MODULE, '__init__.py'))]
    return any(os.path.isfile(path) and os.path.realpath(path) != primary for path in candidates)


def take_in_folders(module, plan):
    """A folder `model` without `__init__.py` is a package for whoever imports `model.x`: the primary source does not hide it."""
    found = [os.path.abspath(os.path.join(folder, MODULE)) for folder in own_folders(plan)]
    found = [folder for folder in found if os.path.isdir(folder)]
    if found:
        module.__path__ = found


def own_folders(plan):
    return sorted({'.', os.path.dirname(plan['source']) or '.'})


def answer_for_main(module):
    """A pickle made by a script names its classes `__main__.X`: they are found where the same source is the model."""

    def find(name):
        if name.startswith('__') or name not in vars(module):
            raise AttributeError("module '__main__' has no attribute '%s'" % name)
        return vars(module)[name]

    sys.modules['__main__'].__getattr__ = find


def decode_source(content):
    import io
    import tokenize

    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def remember_lines(name, text):
    """Tracebacks show the source's lines even when the model changes its working directory."""
    import io
    import linecache

    # Lines as Python counts them: a form feed ends none.
    linecache.cache[name] = (len(text), None, io.StringIO(text, newline=None).readlines(), name)
