"""On whose behalf a command works."""

from django.core.management.base import CommandError

from accounts.models import Person


def operator(username: str | None) -> Person:
    """The person of that name, or, without one, whoever has the command line: they may do everything, and are nobody.

    Raises:
        CommandError: when there is no such person.
    """
    if username is None:
        return Person(username="", is_active=True, is_staff=True, is_superuser=True)
    try:
        return Person.objects.get(username=username)
    except Person.DoesNotExist as error:
        raise CommandError(f"There is no account {username}. Name one that exists.") from error
