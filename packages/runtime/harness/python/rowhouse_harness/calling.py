"""How a model's function wants to be called. Its arity decides, not its names or type hints."""
import functools
from types import CoroutineType, FunctionType, GeneratorType

SLOT_NAMES = ('slot', 'slot_no', 'slot_number')
SEQUENCE_NAMES = ('seqno', 'seq_no', 'sequence_number', 'seq')
VARIADIC = 0x04
COROUTINE = 0x80
ASYNC_GENERATOR = 0x200
WRAPPERS_MAX = 20


class Shape:
    """`required` positional parameters, and the names of all of them."""

    def __init__(self, function):
        self.required, self.names, self.variadic = measure(function)

    @property
    def most(self):
        return len(self.names)


def measure(function):
    function = below_wrappers(function)
    code = getattr(function, '__code__', None)
    # A decorated function is called as its wrapper is defined; one that takes anything hands on what the function below it takes.
    if code is not None and not hasattr(function, '__self__') and not (code.co_flags & VARIADIC and hasattr(function, '__wrapped__')):
        names = code.co_varnames[:code.co_argcount]
        return len(names) - len(function.__defaults__ or ()), names, bool(code.co_flags & VARIADIC)
    import inspect

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 1, ('datum',), False
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    required = [one for one in positional if one.default is one.empty]
    return len(required), tuple(one.name for one in positional), any(one.kind == one.VAR_POSITIONAL for one in parameters)


def below_wrappers(function):
    """A wrapper that takes anything and does not say what it wraps holds that in its closure, if it is the one function there."""
    for _ in range(WRAPPERS_MAX):
        code = getattr(function, '__code__', None)
        if code is None or not code.co_flags & VARIADIC or code.co_argcount or hasattr(function, '__wrapped__'):
            break
        held = [held_in(cell) for cell in function.__closure__ or ()]
        inner = [one for one in held if type(one) is FunctionType]
        if len(inner) != 1:
            break
        function = inner[0]
    return function


def held_in(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return None


def awaiting(function):
    """An `async def` as a function that can be called; all of a job share one event loop."""
    flags = flags_of(function)
    if not flags & (COROUTINE | ASYNC_GENERATOR):
        return call_awaiting(function) if any(flags_of(one) & COROUTINE for one in stands_for(function)) else function
    complete = event_loop().run_until_complete

    @functools.wraps(function)
    def call(*arguments):
        return complete(function(*arguments))

    @functools.wraps(function)
    def generate(*arguments):
        outputs = function(*arguments)
        while True:
            try:
                output = complete(outputs.__anext__())
            except StopAsyncIteration:
                return
            yield output

    return call if flags & COROUTINE else generate


def flags_of(function):
    return getattr(getattr(function, '__code__', None), 'co_flags', 0)


def stands_for(function):
    """The functions that a wrapper, a partial or an object that can be called hands on to."""
    yield below_wrappers(function)
    yield getattr(function, 'func', None)
    yield getattr(type(function), '__call__', None)
    while hasattr(function, '__wrapped__'):
        function = function.__wrapped__
        yield function


def call_awaiting(function):
    """Of what is not a coroutine function itself: a wrapper may have waited for the coroutine already."""
    complete = event_loop().run_until_complete

    @functools.wraps(function, updated=())
    def call(*arguments):
        result = function(*arguments)
        return complete(result) if type(result) is CoroutineType else result

    return call


@functools.lru_cache(maxsize=None)
def event_loop():
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def call_init(function, argument):
    shape = Shape(function)
    result = function(argument()) if shape.most or shape.variadic else function()
    if type(result) is GeneratorType:
        # What it yields is ignored like what it returns, but it has to run.
        for _ in result:
            pass


def score_arguments(function):
    """1 (datum), 2 (datum, slot) or 3 (datum, slot, seqno); a parameter with a default is filled only when its name says slot or number."""
    shape = Shape(function)
    if shape.required >= 3 or (shape.most >= 3 and shape.names[1] in SLOT_NAMES and shape.names[2] in SEQUENCE_NAMES):
        return 3
    if shape.required == 2 or (shape.most >= 2 and shape.names[1] in SLOT_NAMES):
        return 2
    return 1


def takes_slot_number(function):
    """Old style `metrics(data, slot_no)`: called once for each input."""
    shape = Shape(function)
    return shape.most == 2 and shape.names[1] in SLOT_NAMES
