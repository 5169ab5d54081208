"""People and the keys with which programs act for them. Groups are Django's own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.dispatch import Signal
from django.utils.translation import gettext_lazy as _

superuser_made = Signal()
"""Sent with the `person`, in the transaction that makes them."""


class PersonManager(UserManager["Person"]):
    """Django's, which tells of the administrators that `manage.py createsuperuser` makes."""

    @transaction.atomic
    def create_superuser(self, *args: Any, **fields: Any) -> Person:
        person = super().create_superuser(*args, **fields)
        superuser_made.send(Person, person=person)
        return person


class Person(AbstractUser):
    """Somebody who signs in. `is_staff` people look after the knowledge; groups say what everybody may read."""

    display_name = models.CharField(_("name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)

    objects: ClassVar[PersonManager] = PersonManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.display_name or self.get_full_name() or self.username


class KeyScope(models.TextChoices):
    """What a key may do of what its person may do. Each scope covers those before it; the words are part of the API."""

    READ = "read", _("Read and ask")
    WRITE = "write", _("Read, ask, and change documents and shares")
    ADMIN = "admin", _("Everything that you may do, administration as well")

    def covers(self, needed: KeyScope) -> bool:
        """Whether a key of this scope may do what needs `needed`."""
        order = list(KeyScope)
        return order.index(self) >= order.index(needed)


class ApiKey(models.Model):
    """A key for the API. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(_("What may it do?"), max_length=10, choices=KeyScope.choices, default=KeyScope.ADMIN)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


from accounts import models_audit  # noqa: E402, F401  Django finds the audit's table here
