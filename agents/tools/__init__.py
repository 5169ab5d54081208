"""What the Thinking agent can do. A tool is a typed async function; its docstring is its contract with the model.

The first parameter is the run's `Deps`: the asker, the scope, the day and the numbered sources ride there, and the
model never sees them. The others become the JSON schema. To add a tool, copy a file and add a row to `TOOLS`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agents.deps import Deps
from agents.sources import Shown, framed
from agents.storable import cleaned
from llm.messages import ToolSpec


class ToolError(Exception):
    """The tool cannot do this. The message is a sentence for the model, which may try something else."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gives: `data` and the passages shown with it for the model, `summary` and `found` for people."""

    data: dict[str, Any]
    shown: list[Shown] = field(default_factory=list)
    summary: str = ""
    found: int = 0


ToolFunction = Callable[..., Coroutine[Any, Any, Result]]


class AnyTool(Protocol):
    """Anything the agent can call: a tool of ours, or one of a registered server."""

    @property
    def spec(self) -> ToolSpec: ...
    @property
    def effects(self) -> bool:
        """A call may change something elsewhere: it is never made a second time."""
        ...

    async def call(self, deps: Deps, arguments: Mapping[str, Any]) -> Result: ...


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool function with what its signature says."""

    spec: ToolSpec
    function: ToolFunction
    arguments: type[BaseModel]
    effects: bool = False

    async def call(self, deps: Deps, arguments: Mapping[str, Any]) -> Result:
        """Check the arguments and run.

        Raises:
            ToolError: when the arguments do not fit, or the tool cannot do it.
        """
        try:
            checked = self.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
            raise ToolError(f"The arguments of {self.spec.name} do not fit: {wrong}. Correct them.") from error
        values = {name: getattr(checked, name) for name in type(checked).model_fields}
        return await self.function(deps, **values)


def as_tool(function: ToolFunction) -> Tool:
    """Make a tool of a function: its name, its docstring, and its parameters after the first."""
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    fields: dict[str, Any] = {
        one.name: (hints[one.name], ... if one.default is one.empty else one.default) for one in parameters
    }
    arguments = create_model(function.__name__, __config__=ConfigDict(extra="ignore"), **fields)
    return Tool(
        ToolSpec(function.__name__, inspect.getdoc(function) or "", _plain(arguments.model_json_schema())),
        function,
        arguments,
    )


def _plain(schema: Any) -> Any:
    """A JSON schema without titles and without `null` as a choice: simpler for models, and some servers refuse it."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: {key: _plain(value) for key, value in item.items()} if name == "properties" else _plain(item)
        for name, item in schema.items()
        if not (name == "title" or (name == "default" and item is None))
    }
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept |= choices[0]
    return kept


def for_model(data: Mapping[str, Any], shown: list[Shown], limit: int) -> str:
    """A result as the model reads it, at most `limit` characters; it says how many passages found no room."""
    room = limit - len(framed(dict(data)))
    passages: list[dict[str, Any]] = []
    for one in shown:
        room -= len(framed(one.to_json())) + 2
        if room < 0 and passages:
            break
        passages.append(one.to_json())
    whole = dict(data)
    if shown:
        whole["passages"] = passages
    if len(passages) < len(shown):
        whole["left_out"] = len(shown) - len(passages)
    text = framed(whole)
    if len(text) <= limit or passages:
        return text
    return framed({"error": f"The result has {len(text)} characters, more than {limit}. Ask for less at once."})


def parse_arguments(text: str) -> dict[str, Any]:
    """The arguments of a call as the model wrote them.

    Raises:
        ToolError: when they are not one JSON object.
    """
    try:
        arguments = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise ToolError(f"The arguments are not valid JSON ({error}). Write them again.") from error
    if not isinstance(arguments, dict):
        raise ToolError("The arguments are not a JSON object. Write them again.")
    clean: dict[str, Any] = cleaned(arguments)
    return clean
