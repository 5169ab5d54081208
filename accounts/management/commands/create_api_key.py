"""Make an API key: `manage.py create_api_key alice --name reports --scope read`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.api_keys import create_api_key
from accounts.models import KeyScope, Person


class Command(BaseCommand):
    help = "Make an API key for somebody and print it, last; it is not shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="whose rights the key has")
        parser.add_argument("--name", required=True, help="what the key is for, as people will see it in the list")
        parser.add_argument("--scope", choices=KeyScope.values, default=KeyScope.ADMIN, help="what it may do of that")

    def handle(self, *args: Any, username: str, name: str, scope: str, **options: Any) -> None:
        person = Person.objects.filter(username=username, is_active=True).first()
        if person is None:
            raise CommandError(f"Nobody with the user name {username!r} may sign in. Make the account first.")
        if not 0 < len(name.strip()) <= 100:
            raise CommandError("--name must have 1 to 100 characters.")
        self.stdout.write(create_api_key(person, name.strip(), KeyScope(scope)))
