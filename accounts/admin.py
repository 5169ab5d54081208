"""People and groups in Django's admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import Person

admin.site.site_header = admin.site.site_title = "Zhinang 智囊"
admin.site.unregister(Group)


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


@admin.register(Group)
class ReadersAdmin(GroupAdmin):
    """Groups are who may read what; Django's own permissions say nothing about collections."""

    fields = ("name",)
