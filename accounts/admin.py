"""People and groups in Django's admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Person

admin.site.site_header = admin.site.site_title = "Zhinang 智囊"
admin.site.unregister(Group)
# One by one, so that each deletion is recorded with what it deletes.
admin.site.disable_action("delete_selected")


@admin.register(Person)
class PersonAdmin(UserAdmin[Person]):
    list_display = ("username", "display_name", "email", "is_active", "is_staff", "last_login")
    search_fields = ("username", "display_name", "email")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("display_name", "email", "language")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """The new password and the line about it together."""
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class ReadersAdmin(GroupAdmin):
    """Groups are who may read what; Django's own permissions say nothing about collections."""

    fields = ("name",)
