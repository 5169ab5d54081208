"""The page of embedding models, for administrators: progress, comparison on an evaluation set, and the switch."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from kb import embedding_models
from kb.errors import DocumentError
from kb.evaluation_sets import set_for, sets_for
from kb.views.documents import sentence
from kb.views.frame import administrator, number_of_form


@never_cache
@login_required
def models(request: HttpRequest) -> HttpResponse:
    """The models with their vectors, and what each found of the evaluation sets."""
    person = administrator(request)
    found = embedding_models.models_for(person)
    sets = list(sets_for(by=person))
    context = {
        "place": "embedding",
        "models": found,
        "to_come": embedding_models.model_to_come(),
        "sets": sets,
        "compared": [(one, [model.runs.get(one.pk) for model in found]) for one in sets if _is_compared(one.pk, found)],
        "busy": not all(model.is_complete or not model.reachable for model in found),
    }
    return render(request, "kb/embedding.html", context)


def _is_compared(pk: int, found: list[embedding_models.Model]) -> bool:
    return any(pk in model.runs for model in found)


@require_POST
@login_required
def act(request: HttpRequest) -> HttpResponse:
    """Compare on a set, switch, or delete vectors; the latter two are asked about first."""
    person = administrator(request)
    action = request.POST.get("action", "")
    try:
        if action == "compare":
            kept = set_for(number_of_form(request, "set"), by=person)
            if kept is None:
                raise Http404
            embedding_models.compare(kept, by=person)
            messages.success(request, _("Workers ask its questions by each model; the figures will stand here."))
            return redirect("kb:embedding")
        generation = embedding_models.generation_for(number_of_form(request, "model"), person)
        if generation is None or action not in ("switch", "delete"):
            raise Http404
        if "confirmed" not in request.POST:
            context = {"place": "embedding", "generation": generation, "action": action}
            return render(request, "kb/confirm_embedding.html", context)
        if action == "switch":
            embedding_models.switch_to(generation, by=person)
            messages.success(request, _("%(model)s answers from now on.") % {"model": generation.model})
        else:
            embedding_models.delete_vectors(generation, by=person)
    except DocumentError as error:
        messages.error(request, sentence(error))
    return redirect("kb:embedding")
