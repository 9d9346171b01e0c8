"""A training configuration as TOML text, with what each entry means beside it, and back.

In: a `TrainConfig`, or a file and `key=value` overrides. Out: the other. A wrong key or value is
one clear error that names it; a file need only hold what differs from its model's preset.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import tomlkit
from tomlkit.exceptions import TOMLKitError

from i2l_batch.durable import reason
from i2l_batch.errors import CheckpointError, UsageError
from i2l_batch.models.config import CompactConfig, PaperConfig
from i2l_batch.train.config import TrainConfig
from i2l_batch.train.presets import UNKNOWN, preset


def to_toml(config: TrainConfig) -> str:
    """The configuration as TOML, every entry under its meaning."""
    document = tomlkit.document()
    _add(document, config)
    return tomlkit.dumps(document)


def from_toml(text: str, where: str) -> TrainConfig:
    """The reverse; entries that are missing are those of the model's preset (compact without one).

    Raises:
        UsageError: the text is no TOML, or holds an unknown key or a wrong value; names `where`.
    """
    try:
        values = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise UsageError(f"{where} is no TOML: {error}") from error
    model = values.get("model")
    architecture = model.get("architecture", "compact") if isinstance(model, dict) else "compact"
    if architecture not in ("compact", "nopool", "strips"):
        raise UsageError(
            f"{where}: model.architecture = {architecture!r}: choose compact, nopool or strips"
        )
    return _merged(preset(architecture), dict(_flat(values)), where)


def read_config(path: Path) -> TrainConfig:
    """The configuration in a TOML file. Raises UsageError."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the configuration {path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from error
    return from_toml(text, str(path))


def override(config: TrainConfig, settings: Iterable[str], option: str = "--set") -> TrainConfig:
    """The configuration with some entries replaced, each `key=value` with dotted key, TOML value.

    A value that is no TOML stands for itself, so that texts need no quotes.

    Raises:
        UsageError: an unknown key or a wrong value; names the `option` that it came with.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(
                f"{option} {setting}: write key=value, as in optimizer.learning_rate=3e-4"
            )
        try:
            value = tomlkit.value(text.strip()).unwrap()
        except (TOMLKitError, ValueError):
            value = text.strip()
        values[key.strip()] = value
    return _merged(config, values, option)


def differences(old: TrainConfig, new: TrainConfig) -> dict[str, tuple[object, object]]:
    """What two configurations do not share: dotted key to both values, null where it is missing."""
    one, other = dict(_flat(to_values(old))), dict(_flat(to_values(new)))
    return {
        key: (one.get(key), other.get(key))
        for key in dict.fromkeys([*one, *other])
        if one.get(key) != other.get(key)
    }


def to_values(config: Any) -> dict[str, Any]:
    """A configuration as plain values, section by section; without the vocabulary's size."""
    values = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name != "vocab_size":
            values[field.name] = to_values(value) if is_dataclass(value) else _plain(value)
    return values


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Dotted keys and values."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _add(table: Any, config: Any) -> None:
    """Write a configuration's entries into a TOML table, plain ones before sections."""
    meanings = _meanings(type(config))
    members = [field.name for field in fields(config) if field.name != "vocab_size"]
    for name in sorted(members, key=lambda name: is_dataclass(getattr(config, name))):
        value = getattr(config, name)
        if is_dataclass(value):
            section = tomlkit.table()
            _add(section, value)
            table.add(tomlkit.nl())
            table.add(name, section)
            continue
        for line in textwrap.wrap(meanings.get(name, ""), 96):
            table.add(tomlkit.comment(line))
        table.add(name, _plain(value))


def _meanings(kind: type) -> dict[str, str]:
    """The docstring under each field of a dataclass, in one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for node, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[node.target.id] = " ".join(text.split())
    return found


def _merged(config: TrainConfig, values: Mapping[str, Any], where: str) -> TrainConfig:
    """The configuration with new values, by dotted keys; keys and types are checked."""
    known = [key for key, _ in _flat(to_values(config))]
    for key in values:
        if key not in known:
            raise UsageError(f"{where}: no setting {key}{_nearest(key, known)}")
    return _replaced(config, values, where, "")


def _nearest(key: str, known: list[str]) -> str:
    """The known key that was meant: one with the same last part, or one that is spelled alike."""
    alike = [name for name in known if name.split(".")[-1] == key.split(".")[-1]]
    alike = alike or difflib.get_close_matches(key, known, 1, 0.5)
    return f"; did you mean {alike[0]}?" if alike else f"; there are {', '.join(known)}"


def _replaced(config: Any, values: Mapping[str, Any], where: str, prefix: str) -> Any:
    kind = type(config)
    types = get_type_hints(kind)
    changed = {}
    for field in fields(config):
        old = getattr(config, field.name)
        key = f"{prefix}{field.name}"
        if is_dataclass(old):
            changed[field.name] = _replaced(old, values, where, f"{key}.")
        elif key in values:
            changed[field.name] = _typed(values[key], types[field.name], f"{where}: {key}")
        else:
            changed[field.name] = old
    if kind in (CompactConfig, PaperConfig):
        changed["vocab_size"] = UNKNOWN
    try:
        return kind(**changed)
    except (CheckpointError, UsageError) as error:
        raise UsageError(f"{where}: {error}") from error


def _typed(value: Any, kind: Any, what: str) -> Any:
    """A value as the type that a field has. Raises UsageError."""
    parts = get_args(kind)
    if get_origin(kind) is Literal:
        if value in parts:
            return value
        raise UsageError(f"{what} = {value!r}: choose {' or '.join(map(str, parts))}")
    if get_origin(kind) is tuple and isinstance(value, list):
        wanted = [parts[0]] * len(value) if Ellipsis in parts else list(parts)
        if len(value) == len(wanted):
            return tuple(_typed(v, k, what) for v, k in zip(value, wanted, strict=True))
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    names = {int: "a whole number", float: "a number", bool: "true or false"}
    raise UsageError(f"{what} = {value!r}: give {names.get(kind, 'a list of numbers')}")
