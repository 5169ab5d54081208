"""The table of tools."""

from __future__ import annotations

from agents.tools import Tool, as_tool
from agents.tools.find_in_documents import find_in_documents
from agents.tools.list_documents import list_documents
from agents.tools.plan import plan
from agents.tools.read_document import read_document
from agents.tools.run_python import run_python
from agents.tools.search_knowledge import search_knowledge

TOOLS: dict[str, Tool] = {
    tool.spec.name: tool
    for tool in map(as_tool, (plan, search_knowledge, read_document, list_documents, find_in_documents, run_python))
}
