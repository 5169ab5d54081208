"""The audit: what is recorded, that it goes with the act, that it stays, and who reads it."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.adapters import SocialAccountAdapter
from accounts.api_keys import create_api_key, person_of_key, revoke
from accounts.audit import Act, AuditLine, NotInTransaction, found, record, sweep
from accounts.models import ApiKey, Person
from agents import tool_servers
from agents.models import Conversation, ToolServer
from kb.access import acting_as_system
from kb.attachments import attach
from kb.collections import create_collection, delete_collection, rename_collection, set_groups
from kb.documents import add_document, delete_document, replace_document
from kb.errors import DocumentError
from kb.evaluation_runs import start_run
from kb.evaluation_sets import keep_question
from kb.models import Collection
from kb.readers import narrow, widen
from kb.sources.verbs import create_source, delete_source, pause, resume
from tests.api.asking import content_of

SECRET = "s3cret-token-of-heliotrope"
PASSWORD = "a good password"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def acts() -> list[str]:
    return list(AuditLine.objects.order_by("pk").values_list("act", flat=True))


def last() -> AuditLine:
    line = AuditLine.objects.first()
    assert line
    return line


def sign_in(name: str, password: str) -> Client:
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.post("/sign-in/", {"login": name, "password": password})
    return client


def test_signing_in_and_failing_to(alice: Person) -> None:
    client = sign_in("alice", PASSWORD)
    line = last()
    assert (line.act, line.person, line.address, line.via) == ("signed_in", alice.pk, "203.0.113.9", "session")
    client.post("/sign-out/")
    assert last().act == "signed_out"
    sign_in("alice", "wrong")
    line = last()
    assert (line.act, line.person, line.target_name) == ("sign_in_failed", None, "alice")


def test_what_was_typed_as_a_name_may_be_a_password(alice: Person) -> None:
    sign_in(SECRET, "x")
    assert last().act == "sign_in_failed"
    assert SECRET not in str(AuditLine.objects.values())


def test_a_changed_password(alice: Person) -> None:
    client = sign_in("alice", PASSWORD)
    new = {"oldpassword": PASSWORD, "password1": SECRET, "password2": SECRET}
    client.post("/account/password/change/", new)
    assert "password_changed" in acts()
    assert SECRET not in str(list(AuditLine.objects.values()))


def test_people_groups_and_rights_in_the_admin(admin: Person, alice: Person) -> None:
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.force_login(admin)
    group = Group.objects.create(name="Finance")
    form = {"username": "alice", "is_active": "on", "is_superuser": "on", "groups": [group.pk], "language": ""}
    assert client.post(f"/admin/accounts/person/{alice.pk}/change/", form).status_code == 302
    line = last()
    assert (line.act, line.person_name, line.target) == ("person_changed", "admin", str(alice.pk))
    assert line.details["administrator"] is True
    assert line.details["groups"] == ["Finance"]
    passwords = {"password1": SECRET, "password2": SECRET, "usable_password": "true"}
    client.post(f"/admin/accounts/person/{alice.pk}/password/", passwords)
    assert last().act == "password_changed"
    assert SECRET not in str(list(AuditLine.objects.values()))
    client.post("/admin/auth/group/add/", {"name": "Legal"})
    assert last().act == "group_added"
    client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert (last().act, last().target_name) == ("group_removed", "Finance")
    assert b"delete_selected" not in client.get("/admin/auth/group/").content


def test_whom_the_identity_provider_brings_in(db: None, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.session = {}  # type: ignore[assignment]
    account = SocialAccount(provider="openid_connect", uid="7")
    SocialAccountAdapter(request).save_user(request, SocialLogin(user=Person(username="dora"), account=account))
    line = AuditLine.objects.get()
    assert (line.act, line.target_name, line.details) == ("person_added", "dora", {"kind": "openid_connect"})


def test_keys(alice: Person) -> None:
    key = create_api_key(alice, "reports")
    assert (last().act, last().target_name) == ("key_created", "reports")
    assert key not in str(list(AuditLine.objects.values()))
    revoke(ApiKey.objects.get())
    revoke(ApiKey.objects.get())
    assert acts() == ["key_created", "key_revoked"]


def test_collections_and_documents(admin: Person) -> None:
    group = Group.objects.create(name="Finance")
    shelf = create_collection("Budget", by=admin, groups=[group])
    set_groups(shelf, by=admin, everyone=True)
    set_groups(shelf, by=admin, everyone=True)
    line = last()
    assert (line.details["before"], line.details["after"]) == (["Finance"], ["*"])
    rename_collection(shelf, "Budgets", by=admin)
    document = add_document(shelf, "plan.md", BytesIO(b"# heliotrope"), by=admin)
    add_document(shelf, "plan.md", BytesIO(b"# heliotrope"), by=admin)
    replace_document(document, "plan.md", BytesIO(b"# heliotrope 2"), by=admin)
    narrow(document, [group], by=admin)
    widen(document, by=admin)
    delete_document(document, by=admin)
    delete_collection(shelf, by=admin)
    assert acts() == [
        "collection_created",
        "collection_readers_changed",
        "collection_renamed",
        "document_added",
        "document_replaced",
        "document_readers_changed",
        "document_readers_changed",
        "document_deleted",
        "collection_deleted",
    ]
    assert {line.person_name for line in AuditLine.objects.all()} == {"admin"}
    assert "heliotrope" not in str(list(AuditLine.objects.values()))


def test_attached_files_are_nobodys_business(alice: Person) -> None:
    talk = Conversation.objects.create(person=alice)
    attach(talk.pk, "heliotrope.md", BytesIO(b"# Mine"), by=alice)
    attach(talk.pk, "heliotrope.md", BytesIO(b"# Mine too"), by=alice)
    assert acts() == []


def test_sources(admin: Person, handbook: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.sources.git.check_reachable", lambda _: None)
    settings = {"url": "https://example.com/repo.git", "secret": SECRET}
    source = create_source(handbook, "git", "Docs", settings, by=admin)
    pause(source, by=admin)
    pause(source, by=admin)
    resume(source, by=admin)
    delete_source(source, by=admin)
    assert acts() == ["source_created", "source_paused", "source_resumed", "source_deleted"]
    assert SECRET not in str(list(AuditLine.objects.values()))


def test_tool_servers(admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_servers, "check_reachable", lambda _: None)
    url = f"https://desk.example.com/{SECRET}"
    server = tool_servers.save_server(ToolServer(), by=admin, name="Desk", url=url, secret=SECRET)
    tool_servers.save_server(server, by=admin, name="Desk", url=url, everyone=True)
    tool_servers.choose_tools(server, by=admin, enabled=True, reading_tools=True)
    tool_servers.delete_server(server, by=admin)
    assert acts() == ["tool_server_created", "tool_server_changed", "tool_server_changed", "tool_server_deleted"]
    assert SECRET not in str(list(AuditLine.objects.values()))


def test_evaluations(admin: Person, handbook: Collection) -> None:
    document = add_document(handbook, "leave.md", BytesIO(b"# Leave"), by=admin)
    question = keep_question("Set", "What is heliotrope?", {document.pk: 1}, by=admin)
    start_run(question.set, by=admin)
    assert last().act == "evaluation_started"
    assert "heliotrope" not in str(list(AuditLine.objects.values()))


def test_exports(admin: Person, alice: Person) -> None:
    talk = Conversation.objects.create(person=alice, title="heliotrope")
    client = Client()
    client.force_login(alice)
    client.get(f"/c/{talk.pk}/export.md")
    line = last()
    assert (line.act, line.target, line.details) == ("exported", str(talk.pk), {"what": "conversation", "format": "md"})
    client.force_login(admin)
    client.get("/overview/tokens.csv")
    assert last().details["what"] == "usage"


def test_what_is_rolled_back_is_not_recorded(admin: Person) -> None:
    with transaction.atomic():
        create_collection("Budget", by=admin, everyone=True)
        assert acts() == ["collection_created"]
        transaction.set_rollback(True)
    assert acts() == []
    with pytest.raises(DocumentError), transaction.atomic():
        create_collection("Nobody reads", by=admin, groups=["unknown"])
    assert acts() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_not_recorded_is_not_done(admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(AuditLine.objects, "create", fails)
    for act in (
        lambda: create_collection("Budget", by=admin, everyone=True),
        lambda: create_api_key(admin, "reports"),
    ):
        with pytest.raises(DatabaseError):
            act()
    with acting_as_system():
        assert not Collection.objects.exists()
    assert not ApiKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction(admin: Person) -> None:
    with pytest.raises(NotInTransaction):
        record(Act.EXPORTED, admin)


def test_the_database_keeps_the_lines(admin: Person) -> None:
    record(Act.EXPORTED, admin)
    for change in ("update accounts_auditline set act = 'x'", "delete from accounts_auditline"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLine.objects.all().delete()
    assert acts() == ["exported"]


def test_old_lines_go_after_the_days_that_are_set(admin: Person, settings: Settings) -> None:
    record(Act.EXPORTED, admin)
    AuditLine.objects.bulk_create([AuditLine(act="signed_in", via="session")])
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into accounts_auditline (at, act, person_name, target, target_name, details, via, key) "
            "values (now() - interval '100 days', 'signed_out', '', '', '', '{}', 'session', '')"
        )
    settings.AUDIT_DAYS = 0
    assert sweep() == 0
    settings.AUDIT_DAYS = 90
    assert sweep() == 1
    assert acts() == ["exported", "signed_in"]


def test_lines_outlive_their_people(alice: Person) -> None:
    create_api_key(alice, "reports")
    alice.delete()
    assert last().person_name == "alice"


def test_keys_are_named_where_they_open_the_door(admin: Person) -> None:
    key = create_api_key(admin, "reports")
    client = Client(headers={"Authorization": f"Bearer {key}"}, REMOTE_ADDR="203.0.113.9")
    made = client.post("/api/v1/collections", {"name": "Budget", "everyone": True}, content_type="application/json")
    assert made.status_code == 201
    line = last()
    assert (line.act, line.via, line.key, line.address) == ("collection_created", "key", key[:8], "203.0.113.9")
    assert person_of_key(key) == admin  # outside a request
    record(Act.EXPORTED, admin)
    assert (last().via, last().key) == ("server", "")


def test_an_administrator_made_at_the_command_line_leaves_a_line(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a good password")
    call_command("createsuperuser", username="root", email="root@example.com", interactive=False, verbosity=0)
    line = last()
    assert (line.act, line.target_name, line.person_name, line.via) == ("person_added", "root", "", "server")
    assert line.details["administrator"] is True
    assert acts() == ["person_added"]


def test_an_administrator_is_not_made_where_no_line_can_be_written(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.audit_signals.record", _cannot)
    with pytest.raises(DatabaseError):
        Person.objects.create_superuser("root", "root@example.com", "a good password")
    assert not Person.objects.exists()


def _cannot(*args: object, **details: object) -> None:
    raise DatabaseError("no space left")


# Reading it


@pytest.fixture
def lines(admin: Person, alice: Person) -> None:
    record(Act.COLLECTION_CREATED, admin, target=7, name="=Budget", readers=["Finance"])
    record(Act.KEY_CREATED, alice, target=3, name="reports")


@pytest.fixture
def api(admin: Person, lines: None) -> Callable[[str], Any]:
    key = create_api_key(admin, "test")
    client = Client(headers={"Authorization": f"Bearer {key}"})

    def get(path: str) -> Any:
        return client.get(f"/api/v1/audit{path}")

    return get


def test_filters(lines: None) -> None:
    day = timezone.localdate()
    assert [one.act for one in found()] == ["key_created", "collection_created"]
    assert [one.act for one in found(act="key_created")] == ["key_created"]
    assert [one.act for one in found(person="admin")] == ["collection_created"]
    assert [one.act for one in found(query="budg")] == ["collection_created"]
    assert found(since=day, until=day).count() == 2
    assert found(until=day - timedelta(days=1)).count() == 0


def test_the_page(admin: Person, alice: Person, lines: None) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get("/audit/").status_code == 404
    client.force_login(admin)
    page = client.get("/audit/?act=collection_created").content.decode()
    assert "=Budget" in page
    assert "reports" not in page
    assert client.get("/audit/?since=x&until=&page=99&act=%00").status_code == 200
    file = client.get("/audit/?act=collection_created&format=csv")
    assert b"'=Budget" in content_of(file)  # no formula
    assert last().act == "exported"


def test_the_api(api: Callable[[str], Any]) -> None:
    told = api("?limit=1").json()
    assert told["lines"][0]["target_name"] == "test"
    more = api(f"?limit=100&before={told['next']}").json()
    assert [one["target_name"] for one in more["lines"]] == ["reports", "=Budget"]
    assert more["next"] is None
    rows = [json.loads(line) for line in content_of(api("/export?person=admin")).splitlines()]
    assert rows[0]["act"] == "exported"
    assert rows[-1]["details"] == {"readers": ["Finance"]}
    csv = content_of(api("/export?format=csv&q=budget")).decode()
    assert "collection_created" in csv
    assert "'=Budget" in csv
