from django.urls import path

from kb.views import descriptions, documents, embedding_list, evaluations, source_list, sources, trying, versions

app_name = "kb"
urlpatterns = [
    path("documents/", documents.documents, name="documents"),
    path("documents/new/", documents.new_collection, name="new_collection"),
    path("documents/progress/", documents.progress, name="progress"),
    path("documents/bulk/", documents.bulk, name="bulk"),
    path("documents/search/", trying.try_search, name="try_search"),
    path("documents/search/keep/", trying.keep, name="keep_question"),
    path("documents/evaluation/", evaluations.sets, name="evaluation"),
    path("documents/evaluation/<int:set_id>/", evaluations.one_set, name="evaluation_set"),
    path("documents/evaluation/<int:set_id>/act/", evaluations.act, name="act_on_set"),
    path("documents/evaluation/<int:set_id>/questions.jsonl", evaluations.export, name="export_set"),
    path("documents/evaluation/runs/<int:evaluation_id>/", evaluations.one_run, name="evaluation_run"),
    path("documents/evaluation/runs/<int:evaluation_id>/act/", evaluations.act_on_run, name="act_on_evaluation"),
    path("embedding/", embedding_list.models, name="embedding"),
    path("embedding/act/", embedding_list.act, name="act_on_embedding"),
    path("documents/sources/", source_list.sources, name="sources"),
    path("documents/sources/new/", source_list.new_source, name="new_source"),
    path("documents/sources/<int:source_id>/", source_list.one_source, name="one_source"),
    path("documents/sources/<int:source_id>/edit/", source_list.edit_source, name="edit_source"),
    path("documents/sources/<int:source_id>/act/", source_list.act, name="act_on_source"),
    path("documents/<int:collection_id>/", documents.documents, name="collection"),
    path("documents/<int:collection_id>/upload/", documents.upload, name="upload"),
    path("documents/d/<int:pk>/", sources.document, name="document"),
    path("documents/d/<int:pk>/edit/", descriptions.edit, name="edit"),
    path("documents/d/<int:pk>/versions/<int:number>/", descriptions.dates, name="dates"),
    path("documents/d/<int:pk>/report/", versions.report, name="report"),
    path("documents/d/<int:pk>/differences/", versions.differences, name="differences"),
    path("documents/d/<int:pk>/notes/", versions.note, name="note"),
    path("documents/d/<int:pk>/passages/<int:passage_id>/", versions.switch, name="switch"),
    path("sources/<int:version_id>/", sources.source, name="source"),
    path("sources/<int:version_id>/file/", sources.download, name="download"),
    path("pages/<int:version_id>/<int:number>.png", sources.page_image, name="page_image"),
]
