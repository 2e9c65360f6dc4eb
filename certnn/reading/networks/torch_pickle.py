"""The pickle inside a PyTorch file, read without running anything.

`pickletools` splits the stream into opcodes; a small stack machine of our own builds dictionaries,
lists and numbers of them. Nothing is imported and nothing is called: of all the functions that a
pickle can name, four are known, and they are met by making a record of what they were given.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import Any

from certnn.errors import shorten


class UnreadablePickle(Exception):
    """The pickle is damaged, or asks for what is not read; the message says what."""


@dataclass(frozen=True)
class StoredTensor:
    """A view of numbers that lie in the entry `key` of the archive.

    Attributes
    ----------
    dtype : str
        As in numpy, e.g. ``"float32"``.
    key : str
        Name of the storage.
    offset : int
        Where in the storage the view starts, in entries.
    shape, strides : tuple of int
        Extent of the view and its steps through the storage, in entries.
    """

    dtype: str
    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Function:
    name: str


@dataclass(frozen=True)
class _Storage:
    dtype: str
    key: str


_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_ORDERED_DICT = _Function("collections.OrderedDict")
_TENSOR = _Function("torch._utils._rebuild_tensor_v2")
_PARAMETER = _Function("torch._utils._rebuild_parameter")
_STORAGES = {_Function(f"torch.{name}"): dtype for name, dtype in _DTYPES.items()}
_KNOWN = {_ORDERED_DICT, _TENSOR, _PARAMETER, *_STORAGES}

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
}


def read_torch_pickle(content: bytes) -> Any:
    """What a PyTorch pickle holds: dictionaries, lists, numbers, strings and `StoredTensor`.

    Raises `UnreadablePickle` if it is damaged, or names any function or class but those that
    rebuild tensors.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, OverflowError, UnicodeError) as error:
        raise UnreadablePickle(f"it is damaged ({shorten(str(error))})") from None
    raise UnreadablePickle("it has no end")


class _Machine:
    """The pickle machine's stack, marks and memo."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def pop(self) -> Any:
        return self._stack.pop()

    def step(self, name: str, argument: Any) -> None:
        """Execute one opcode."""
        stack = self._stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case _ if name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            case _ if name in _LITERALS:
                stack.append(argument)
            case "EMPTY_TUPLE" | "EMPTY_LIST" | "EMPTY_DICT":
                stack.append({"EMPTY_TUPLE": (), "EMPTY_LIST": [], "EMPTY_DICT": {}}[name])
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                items = [self.pop() for _ in range(int(name[-1]))]
                stack.append(tuple(reversed(items)))
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "MARK":
                self._below.append(stack)
                self._stack = []
            case "TUPLE":
                items = self._since_mark()
                self._stack.append(tuple(items))
            case "APPEND":
                self._extend([self.pop()])
            case "APPENDS":
                self._extend(self._since_mark())
            case "SETITEM":
                value, key = self.pop(), self.pop()
                self._update([key, value])
            case "SETITEMS":
                self._update(self._since_mark())
            case "GLOBAL":
                self._push_function(argument.replace(" ", "."))
            case "STACK_GLOBAL":
                function, module = self.pop(), self.pop()
                self._push_function(f"{module}.{function}")
            case "BINPERSID":
                stack.append(_storage(self.pop()))
            case "REDUCE":
                arguments, function = self.pop(), self.pop()
                stack.append(_rebuilt(function, arguments))
            case "BUILD":
                self.pop()  # attributes, such as the _metadata of a state_dict: not needed
                if not isinstance(stack[-1], dict):
                    raise UnreadablePickle("it sets attributes of what is not a dictionary")
            case _:
                raise UnreadablePickle(f"it has the operation {name}")

    def _since_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._below.pop()
        return items

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise ValueError("appends to what is not a list")
        self._stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError("sets items of what is not a dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):  # tuples could be nested without end
                raise UnreadablePickle("it has a dictionary whose keys are not names or numbers")
            target[key] = value

    def _push_function(self, name: str) -> None:
        function = _Function(name)
        if function not in _KNOWN:
            raise UnreadablePickle(
                f"it would call {shorten(name)}; only tensors in dictionaries are read, so save "
                "model.state_dict() and nothing else"
            )
        self._stack.append(function)


def _storage(identity: Any) -> _Storage:
    match identity:
        case ("storage", _Function() as kind, str(key), str(), int()) if kind in _STORAGES:
            return _Storage(_STORAGES[kind], key)
    raise UnreadablePickle("it refers to an object that is not a tensor's storage")


def _rebuilt(function: Any, arguments: Any) -> Any:
    match function, arguments:
        case _, () if function == _ORDERED_DICT:
            return {}
        case _ if function == _TENSOR:
            return _tensor(arguments)
        case _, (StoredTensor() as tensor, *_) if function == _PARAMETER:
            return tensor
    raise UnreadablePickle("it calls what is not a function that rebuilds tensors")


def _tensor(arguments: Any) -> StoredTensor:
    match arguments:
        case (_Storage() as storage, int(offset), tuple(shape), tuple(strides), *_):
            numbers = (offset, *shape, *strides)
            plain = all(type(number) is int and 0 <= number < 1 << 48 for number in numbers)
            if plain and len(shape) == len(strides) <= 8:
                return StoredTensor(storage.dtype, storage.key, offset, shape, strides)
    raise UnreadablePickle("it has a tensor of an impossible shape")
