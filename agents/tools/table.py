"""The table of tools."""

from __future__ import annotations

from agents.tools import Tool, ToolFunction, as_tool
from agents.tools.find_in_documents import find_in_documents
from agents.tools.list_documents import list_documents
from agents.tools.plan import plan
from agents.tools.query_tables import query_tables
from agents.tools.read_document import read_document
from agents.tools.run_python import run_python
from agents.tools.search_knowledge import search_knowledge

FUNCTIONS: tuple[ToolFunction, ...] = (
    plan,
    search_knowledge,
    read_document,
    list_documents,
    find_in_documents,
    query_tables,
    run_python,
)
TOOLS: dict[str, Tool] = {tool.spec.name: tool for tool in (as_tool(function) for function in FUNCTIONS)}
