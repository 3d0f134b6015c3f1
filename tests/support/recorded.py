"""What the code writes into the audit log, read from the code itself: acts, and names of details.

Where an act is named by a variable, all that this variable can be is looked for: in the function,
in the module, and at every call of the function. What cannot be found out fails, so that no act
slips past those who ask.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

from partners.referrals.telling.evidence import Evidence
from triage.hashlists.kinds import MatchDecision

ROOT = Path(__file__).parents[2]
FOLDERS = ("hotline", "triage", "partners", "workers")
RECORDS = frozenset({"record", "record_entry"})
STEPS = frozenset({"begin", "advance", "begin_state", "advance_state"})
PASSED_ON = {
    "hotline/core/act.py",
    "hotline/core/storage/machine.py",
    "hotline/core/storage/audit.py",
}
"""What only hands on what others record."""
OF_THE_ENTRY = frozenset(
    {"actor", "action", "entity", "entity_id", "now", "session", "event"}
)
GIVEN = {
    "request.form.get('decision', '')": (
        MatchDecision.CONFIRMED,
        MatchDecision.DISCONFIRMED,
    ),
    "letter.machine.name": ("notice", "referral"),
    "evidence.to_json()": [field.name for field in fields(Evidence)],
}
"""What stands in no code: the only words that a form's field may hold, the names of a class."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unclear(AssertionError):
    """It cannot be read from the code what is recorded."""


@dataclass(frozen=True)
class Place:
    """A call, the function around it and its file."""

    call: ast.Call
    function: Function | None
    file: str

    def __str__(self) -> str:
        return f"{self.file}:{self.call.lineno}"


@dataclass
class Code:
    """Every call by the name of what is called, and every module's and function's own names."""

    calls: dict[str, list[Place]] = field(default_factory=dict)
    constants: dict[tuple[str, str], ast.expr] = field(default_factory=dict)
    functions: dict[tuple[str, str], Function] = field(default_factory=dict)

    def read(self, file: Path) -> None:
        name = file.relative_to(ROOT).as_posix()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._keep(name, target, node.value)
        self._walk(tree, None, name)

    def _keep(self, file: str, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.constants[file, target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for part, own in zip(target.elts, value.elts, strict=True):
                self._keep(file, part, own)

    def calls_of(self, function: Function, file: str) -> list[Place]:
        """A function of a module's own is called in this module alone."""
        return [
            place
            for place in self.calls.get(function.name, [])
            if place.file == file or not function.name.startswith("_")
        ]

    def _walk(
        self, node: ast.AST, function: Function | None, file: str
    ) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                place = Place(child, function, file)
                self.calls.setdefault(_name_of(child.func), []).append(place)
            inner = function
            if isinstance(child, Function):
                self.functions[file, child.name] = inner = child
            self._walk(child, inner, file)


@cache
def _read_code() -> Code:
    code = Code()
    for folder in FOLDERS:
        for file in (ROOT / folder).rglob("*.py"):
            code.read(file)
    return code


def _name_of(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def list_recorded() -> list[Place]:
    """Every call that writes an entry of the log which is no step of a state machine."""
    return [
        place
        for name in sorted(RECORDS)
        for place in _read_code().calls[name]
        if place.file not in PASSED_ON and _action_of(place.call) is not None
    ]


def list_steps() -> list[Place]:
    """Every call that takes a thing from one state to another."""
    return [
        place
        for name in sorted(STEPS)
        for place in _read_code().calls[name]
        if place.file not in PASSED_ON and "engine" not in _text(place.call)
    ]


def list_actions() -> set[str]:
    """All acts that are recorded by a name in the code."""
    return {
        action
        for place in list_recorded()
        for action in _values(_action_of(place.call), place)
    }


def list_details() -> dict[str, list[Place]]:
    """The names of details, and where each is recorded."""
    names: dict[str, list[Place]] = {}
    for place in (*list_recorded(), *list_steps()):
        for name in _names_in(place):
            names.setdefault(name, []).append(place)
    return names


def list_entities() -> set[str]:
    """What the entries of the log call the things that they are about."""
    return {
        entity
        for place in list_recorded()
        for entity in _values(_entity_of(place.call), place)
    }


def list_first_words(called: str) -> set[str]:
    """The text that stands first in every call of the name."""
    return {
        text
        for place in _read_code().calls[called]
        if place.call.args
        for text in _values(place.call.args[0], place)
    }


def list_written() -> set[tuple[str, str]]:
    """(name of the detail, text) where the text itself stands in the code."""
    found = set()
    for place in (*list_recorded(), *list_steps()):
        for keyword in place.call.keywords:
            if keyword.arg is None or keyword.arg in OF_THE_ENTRY:
                continue
            for text in _texts(keyword.value, place):
                found.add((keyword.arg, text))
    return found


def _text(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _action_of(call: ast.Call) -> ast.expr | None:
    """None where it is another ``record``, such as a blueprint's."""
    for keyword in call.keywords:
        if keyword.arg == "action":
            return keyword.value
    return call.args[0] if len(call.args) >= 3 else None


def _entity_of(call: ast.Call) -> ast.expr:
    for keyword in call.keywords:
        if keyword.arg == "entity":
            return keyword.value
    return call.args[1]


def _texts(value: ast.expr | None, place: Place) -> list[str]:
    """As ``_values``, of what need not be a text of the code: what is none is passed over."""
    function = place.function
    if (
        isinstance(value, ast.Name)
        and function is not None
        and value.id in _parameters(function)
    ):
        calls = _read_code().calls_of(function, place.file)
        return [
            text
            for call in calls
            for text in _texts(_find_argument(value.id, function, call), call)
        ]
    try:
        return [] if value is None else _values(value, place)
    except Unclear:
        return []


def _values(value: ast.expr | None, place: Place) -> list[str]:
    """Every text that the expression can be."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.IfExp):
        return [*_values(value.body, place), *_values(value.orelse, place)]
    if isinstance(value, ast.JoinedStr):
        parts = [_values(part, place) for part in value.values]
        return ["".join(parts) for parts in itertools.product(*parts)]
    if isinstance(value, ast.FormattedValue):
        return _values(value.value, place)
    if isinstance(value, ast.Name):
        return _values_of_name(value.id, place)
    if value is not None and ast.unparse(value) in GIVEN:
        return [*GIVEN[ast.unparse(value)]]
    raise Unclear(f"{place}: {ast.unparse(value) if value else 'nothing'}")


def _values_of_name(name: str, place: Place) -> list[str]:
    function = place.function
    if function is not None:
        given = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(ast.unparse(target) == name for target in node.targets)
        ]
        if given:
            return [t for value in given for t in _values(value, place)]
        if name in _parameters(function):
            return list(_values_at_calls(name, function, place.file))
    constant = _read_code().constants.get((place.file, name))
    if constant is None:
        raise Unclear(f"{place}: {name}")
    return _values(constant, place)


def _values_at_calls(
    name: str, function: Function, file: str
) -> Iterator[str]:
    calls = _read_code().calls_of(function, file)
    if not calls:
        raise Unclear(f"{function.name} is called by nobody")
    for place in calls:
        yield from _values(_argument(name, function, place), place)


def _argument(name: str, function: Function, place: Place) -> ast.expr:
    argument = _find_argument(name, function, place)
    if argument is None:
        raise Unclear(f"{place}: {name}")
    return argument


def _find_argument(
    name: str, function: Function, place: Place
) -> ast.expr | None:
    """None where the call leaves it out."""
    for keyword in place.call.keywords:
        if keyword.arg == name:
            return keyword.value
    names = _parameters(function)
    # A method is called without the first of its names.
    if names[:1] == ["self"]:
        names = names[1:]
    position = names.index(name)
    given = place.call.args
    return given[position] if position < len(given) else None


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [
        argument.arg
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
        )
    ]


def _names_in(place: Place) -> Iterator[str]:
    """The names that a call gives itself, and those that its function was given to hand on."""
    for keyword in place.call.keywords:
        if keyword.arg is not None:
            if keyword.arg not in OF_THE_ENTRY:
                yield keyword.arg
            continue
        yield from _names_handed_on(keyword.value, place)


def _names_handed_on(value: ast.expr, place: Place) -> Iterator[str]:
    """Of ``**value``: a dict that is written there, or all that the function may be given."""
    function = place.function
    own = function.args.kwarg.arg if function and function.args.kwarg else ""
    if isinstance(value, ast.Name) and value.id == own:
        assert function is not None
        own_names = {*_parameters(function)}
        for other in _read_code().calls_of(function, place.file):
            for keyword in other.call.keywords:
                if keyword.arg is not None and keyword.arg not in own_names:
                    yield keyword.arg
        return
    if ast.unparse(value) in GIVEN:
        yield from GIVEN[ast.unparse(value)]
        return
    dicts = _dicts_of(value, place)
    if not dicts:
        raise Unclear(f"{place}: **{ast.unparse(value)}")
    for node in dicts:
        for key in node.keys:
            assert isinstance(key, ast.Constant), str(place)
            yield str(key.value)


def _dicts_of(value: ast.expr, place: Place) -> list[ast.Dict]:
    if isinstance(value, ast.Name) and place.function is not None:
        return [
            node
            for assigned in ast.walk(place.function)
            if isinstance(assigned, ast.Assign)
            and ast.unparse(assigned.targets[0]) == value.id
            for node in ast.walk(assigned.value)
            if isinstance(node, ast.Dict)
        ]
    inside: ast.AST = value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        inside = _read_code().functions[place.file, value.func.id]
    return [node for node in ast.walk(inside) if isinstance(node, ast.Dict)]
