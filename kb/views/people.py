"""People for administrators: who there is, and what each may read and why. Django's admin changes them."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache

from accounts.models import Person
from kb.access import acting_as, collections_for
from kb.models import Collection, Scope
from kb.views.frame import administrator

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection as somebody sees it: `readable` of `total` documents. `groups` let them read it.

    `rule`: "administrator", "everyone", "groups", or "documents" where only single documents are theirs.
    """

    collection: Collection
    readable: int
    total: int
    rule: str
    groups: list[str]


@never_cache
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, by name."""
    administrator(request)
    found = Person.objects.prefetch_related("groups").order_by("username")
    if query := request.GET.get("q", "").strip()[:200].replace("\0", ""):
        found = found.filter(
            Q(username__icontains=query) | Q(display_name__icontains=query) | Q(email__icontains=query)
        )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "kb/people.html", {"place": "people", "page": page, "query": query})


@never_cache
@login_required
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody may read, and which rule lets them: asked of the database as that person."""
    viewer = administrator(request)
    shown = get_object_or_404(Person.objects.prefetch_related("groups"), pk=pk)
    context = {"place": "people", "person": shown, "shelves": _shelves(shown, viewer)}
    return render(request, "kb/person.html", context)


def _shelves(shown: Person, viewer: Person) -> list[Shelf]:
    with acting_as(viewer):
        totals = dict(collections_for().annotate(size=Count("documents")).values_list("pk", "size"))
    with acting_as(shown):
        found = list(collections_for().annotate(size=Count("documents")))
    own = {group.name for group in shown.groups.all()}
    defaults = Scope.objects.filter(is_default=True, collection__in=[one.pk for one in found])
    scopes = {scope.collection_id: scope for scope in defaults.prefetch_related("groups")}
    shelves = []
    for one in found:
        scope = scopes[one.pk]
        groups = sorted(own & {group.name for group in scope.groups.all()})
        rule = "groups" if groups else "documents"
        if shown.is_superuser or scope.everyone:
            rule = "administrator" if shown.is_superuser else "everyone"
        shelves.append(Shelf(one, one.size, totals.get(one.pk, 0), rule, groups))
    return shelves
