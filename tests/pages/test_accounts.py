"""Signing in, languages, keys."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.api_keys import person_of_key
from accounts.models import ApiKey, Person

SignIn = Callable[[Person], Client]
RIGHT = {"login": "alice", "password": "a good password"}


def test_signing_in_and_out(alice: Person, client: Client) -> None:
    response = client.post("/sign-in/?next=/documents/", RIGHT | {"next": "/documents/"})
    assert response.headers["Location"] == "/documents/"
    assert client.get("/").status_code == 200
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/").status_code == 302


def test_signing_in_with_the_address(alice: Person, client: Client) -> None:
    assert client.post("/sign-in/", RIGHT | {"login": "alice@example.com"}).status_code == 302


def test_a_wrong_password_says_so_and_keeps_the_name(alice: Person, client: Client) -> None:
    response = client.post("/sign-in/", RIGHT | {"password": "xyzzy-guess"})
    html = response.content.decode()
    assert 'role="alert"' in html
    assert "ask your administrator" in html
    assert 'value="alice"' in html
    assert "xyzzy" not in html
    by_mail = client.post("/sign-in/", RIGHT | {"login": "alice@example.com", "password": "xyzzy-guess"})
    assert "ask your administrator" in by_mail.content.decode()


def test_the_next_page_is_never_another_site(alice: Person, client: Client) -> None:
    for address in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        location = client.post("/sign-in/", RIGHT | {"next": address}).headers["Location"]
        assert location == "/"
        client.post("/sign-out/")


def test_guessing_is_slowed_down(alice: Person, client: Client) -> None:
    answers = [client.post("/sign-in/", RIGHT | {"password": f"guess {n}"}).content.decode() for n in range(7)]
    assert "Too many attempts. Wait" in answers[-1]
    assert client.post("/sign-in/", RIGHT).status_code == 200


def test_a_person_changes_the_own_password_inside_the_product(alice: Person, sign_in: SignIn) -> None:
    alice.set_password("the old heron flies")
    alice.save()
    client = sign_in(alice)
    page = client.get("/account/password/change/").content.decode()
    assert 'id="sidebar"' in page
    assert "/account/password/reset/" not in page  # it leads nowhere: administrators give new passwords
    fields = {"oldpassword": "the wrong heron", "password1": "the new heron flies", "password2": "the new heron flies"}
    refused = client.post("/account/password/change/", fields).content.decode()
    assert 'id="old-error"' in refused
    client.post("/account/password/change/", fields | {"oldpassword": "the old heron flies"})
    alice.refresh_from_db()
    assert alice.check_password("the new heron flies")


def test_people_who_left_do_not_come_in(alice: Person, client: Client) -> None:
    alice.is_active = False
    alice.save()
    client.post("/sign-in/", RIGHT)
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "path", ["/account/signup/", "/account/login/", "/account/email/", "/account/password/reset/", "/admin/login/"]
)
def test_there_is_one_door(client: Client, db: None, path: str) -> None:
    response = client.post(path, {"username": "eve", "password1": "a good password", "password2": "a good password"})
    assert response.headers["Location"].startswith("/sign-in/")
    assert not Person.objects.filter(username="eve").exists()


def test_the_admin_is_for_staff(alice: Person, admin: Person, sign_in: SignIn) -> None:
    assert sign_in(alice).get("/admin/", follow=True).status_code == 403
    assert sign_in(admin).get(reverse("admin:accounts_person_changelist")).status_code == 200


def test_a_language_is_remembered_on_every_device(alice: Person, client: Client) -> None:
    client.force_login(alice)
    response = client.post("/language/", {"language": "zh-hans", "next": "/documents/"})
    assert response.headers["Location"] == "/documents/"
    assert '<html lang="zh-Hans"' in client.get("/").content.decode()
    another = Client()
    assert '<html lang="en"' in another.get("/sign-in/").content.decode()
    another.post("/sign-in/", RIGHT)
    assert '<html lang="zh-Hans"' in another.get("/").content.decode()


def test_the_language_can_be_chosen_before_signing_in(client: Client, db: None) -> None:
    client.post("/language/", {"language": "zh-hans", "next": "/sign-in/"})
    assert "登录" in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_language_switch_stays_on_this_site(client: Client, db: None, address: str) -> None:
    assert client.post("/language/", {"language": "en", "next": address}).headers["Location"] == "/"


def test_an_unknown_language_is_refused(client: Client, db: None) -> None:
    assert client.post("/language/", {"language": "xx"}).status_code == 400


def test_a_key_is_shown_once_and_can_be_revoked(alice: Person, bob: Person, sign_in: SignIn) -> None:
    client = sign_in(alice)
    html = client.post("/keys/", {"name": "<i>wiki</i>", "scope": "read"}).content.decode()
    key = html.split('class="secret">')[1].split("<")[0]
    assert person_of_key(key) == alice
    assert "&lt;i&gt;wiki&lt;/i&gt;" in html
    assert key not in client.get("/keys/").content.decode()
    row = ApiKey.objects.get()
    assert sign_in(bob).post(f"/keys/{row.pk}/revoke/").status_code == 404
    assert person_of_key(key) == alice
    client.post(f"/keys/{row.pk}/revoke/")
    assert person_of_key(key) is None
    assert "revoked on" in client.get("/keys/").content.decode()


def test_a_key_needs_a_name(alice: Person, sign_in: SignIn) -> None:
    response = sign_in(alice).post("/keys/", {"name": "", "scope": "read"})
    assert response.status_code == 422
    assert "Give the key a name" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_group_is_a_name_without_permissions(admin: Person, sign_in: SignIn) -> None:
    html = sign_in(admin).get(reverse("admin:auth_group_add")).content.decode()
    assert 'name="name"' in html
    assert 'name="permissions"' not in html


def test_what_is_left_of_todays_thinking(bob: Person, sign_in: SignIn, settings: Settings) -> None:
    client = sign_in(bob)
    assert 'hx-trigger="toggle from:closest details"' in client.get("/keys/").content.decode()
    fragment = client.get("/thinking-left/", headers={"HX-Request": "true"}).content.decode()
    assert "50 of 50 left" in fragment
    assert "<html" not in fragment
    settings.THINKING_RUNS_PER_DAY = 0
    assert "Today's is used up" in client.get("/thinking-left/").content.decode()
