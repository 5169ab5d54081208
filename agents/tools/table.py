"""The table of tools."""

from __future__ import annotations

from agents.deps import Deps
from agents.memory import ASK
from agents.tools import AnyTool, Tool, ToolFunction, as_tool
from agents.tools.ask_person import ask_person
from agents.tools.compare_documents import compare_documents
from agents.tools.find_in_documents import find_in_documents
from agents.tools.list_documents import list_documents
from agents.tools.plan import plan
from agents.tools.query_tables import query_tables
from agents.tools.read_document import read_document
from agents.tools.run_python import run_python
from agents.tools.search_knowledge import search_knowledge
from agents.tools.server_tools import server_tools

FUNCTIONS: tuple[ToolFunction, ...] = (
    plan,
    search_knowledge,
    read_document,
    list_documents,
    find_in_documents,
    query_tables,
    compare_documents,
    run_python,
    ask_person,
)
TOOLS: dict[str, Tool] = {tool.spec.name: tool for tool in (as_tool(function) for function in FUNCTIONS)}


async def toolbox(deps: Deps) -> dict[str, AnyTool]:
    """The tools of one run, with those of the servers that the asker may use. Nobody is asked back twice in a row."""
    own = {name: tool for name, tool in TOOLS.items() if not (name == ASK and deps.asked_back)}
    return {**own, **await server_tools(deps)}
