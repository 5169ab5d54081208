"""The pages and the API of servers of tools: for administrators alone."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from accounts.api_keys import create_api_key
from accounts.models import Person
from agents import tool_servers
from agents.models import ToolServer
from agents.tool_servers import Address, FoundTool
from kb.errors import DocumentError

SignIn = Callable[[Person], Client]
URL = "https://desk.example.com/mcp"


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[FoundTool]:
    """What the servers of the test answer; without any they cannot be reached."""
    tools: list[FoundTool] = []

    async def tools_of(address: Address) -> list[FoundTool]:
        if not tools:
            raise DocumentError("not_reached", host="desk.example.com")
        return tools

    monkeypatch.setattr("agents.mcp_client.tools_of", tools_of)
    monkeypatch.setattr(tool_servers, "check_reachable", lambda url: None)
    return tools


def describe(found: list[FoundTool]) -> None:
    found += [
        FoundTool("ticket", "", "Read a <b>ticket</b>.", {"type": "object"}, reads=True),
        FoundTool("close", "", "Close a ticket.", {"type": "object"}, reads=False),
    ]


def test_a_server_is_added_looked_at_opened_and_deleted(
    admin: Person, bob: Person, sign_in: SignIn, found: list[FoundTool]
) -> None:
    client = sign_in(admin)
    groups = [Group.objects.get(name="Engineering").pk]
    form = {"name": "Help desk", "url": URL, "secret": "s3cret", "groups": groups}
    page = client.post("/tool-servers/new/", form, follow=True).content.decode()
    assert "could not be reached" in page
    server = ToolServer.objects.get()
    describe(found)
    page = client.post(f"/tool-servers/{server.pk}/act/", {"action": "look"}, follow=True).content.decode()
    assert "It answers, and has 2 tools." in page
    assert "&lt;b&gt;ticket" in page
    assert "s3cret" not in page
    assert not tool_servers.usable_by(bob), "nothing is on before somebody says so"

    chosen = {"action": "tools", "enabled": "on", "reading_tools": "on", "allowed": ["close", "other"]}
    client.post(f"/tool-servers/{server.pk}/act/", chosen)
    server.refresh_from_db()
    assert (server.enabled, server.allowed) == (True, ["close"])
    assert tool_servers.usable_by(bob) == [server]
    page = client.get("/tool-servers/").content.decode()
    assert "2 of 2" in page
    assert "Engineering" in page

    changed = {"name": "Desk", "url": URL, "everyone": "on"}
    assert client.post(f"/tool-servers/{server.pk}/", changed).status_code == 302
    server.refresh_from_db()
    assert (server.name, server.everyone, server.enabled) == ("Desk", True, True)
    assert tool_servers.address_of(server).value == "Bearer s3cret", "an empty field leaves it"

    assert "Cancel" in client.post(f"/tool-servers/{server.pk}/act/", {"action": "delete"}).content.decode()
    client.post(f"/tool-servers/{server.pk}/act/", {"action": "delete", "confirmed": "yes"})
    assert not ToolServer.objects.exists()


def test_what_is_wrong_stands_in_the_form(admin: Person, sign_in: SignIn) -> None:
    client = sign_in(admin)
    for fields, sentence in (
        ({"url": URL}, "Give the server a name."),
        ({"name": "Desk", "url": "ftp://desk"}, "Only addresses that begin with http"),
        ({"name": "Desk", "url": URL, "header": "Host"}, "not a header that can carry the secret"),
    ):
        response = client.post("/tool-servers/new/", fields)
        assert response.status_code == 422
        assert sentence in response.content.decode()


def test_others_see_nothing_of_them(alice: Person, admin: Person, sign_in: SignIn) -> None:
    server = tool_servers.save_server(ToolServer(), by=admin, name="Desk", url=URL)
    client = sign_in(alice)
    for address in ("/tool-servers/", "/tool-servers/new/", f"/tool-servers/{server.pk}/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/tool-servers/{server.pk}/act/", {"action": "look"}).status_code == 404
    assert "tool-servers" not in client.get("/").content.decode()
    key = {"Authorization": f"Bearer {create_api_key(alice, 'test')}"}
    assert client.get("/api/v1/tool-servers", headers=key).status_code == 404


def test_the_api_does_the_same(admin: Person, bob: Person, client: Client, found: list[FoundTool]) -> None:
    key = {"Authorization": f"Bearer {create_api_key(admin, 'test')}"}

    def send(method: str, path: str = "", **body: object) -> tuple[int, dict]:  # type: ignore[type-arg]
        address = f"/api/v1/tool-servers{path}"
        response = client.generic(method, address, data=json.dumps(body), headers=key)
        return response.status_code, response.json() if response.content else {}

    status, made = send("POST", name="Desk", url=URL, secret="t", groups=["Engineering"])
    assert (status, made["has_secret"], made["enabled"], made["groups"]) == (201, True, False, ["Engineering"])
    assert "secret" not in made
    assert send("POST", name="Desk", url=URL)[0] == 409
    assert send("POST", name="Other", url=URL, groups=["Nobody"])[1]["error"]["code"] == "unknown_group"
    place = f"/{made['id']}"
    assert send("POST", f"{place}/look")[1]["error"]["code"] == "not_reached"
    describe(found)
    assert [tool["known_as"] for tool in send("POST", f"{place}/look")[1]["tools"]] == [
        "mcp_desk_ticket", "mcp_desk_close",
    ]  # fmt: skip
    status, shown = send("PUT", f"{place}/tools", enabled=True)
    assert [tool["may_be_called"] for tool in shown["tools"]] == [True, False]
    status, moved = send("PUT", place, name="Desk", url="https://other.example.com/mcp")
    assert (moved["has_secret"], moved["enabled"], moved["tools"]) == (False, False, [])
    assert send("GET", place)[1]["url"] == "https://other.example.com/mcp"
    assert send("DELETE", place)[0] == 204
    assert not send("GET")[1]
