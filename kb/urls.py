from django.urls import path

from kb import source_views, views

app_name = "kb"
urlpatterns = [
    path("documents/", views.documents, name="documents"),
    path("documents/new/", views.new_collection, name="new_collection"),
    path("documents/progress/", views.progress, name="progress"),
    path("documents/bulk/", views.bulk, name="bulk"),
    path("documents/<int:collection_id>/", views.documents, name="collection"),
    path("documents/<int:collection_id>/upload/", views.upload, name="upload"),
    path("documents/d/<int:pk>/", source_views.document, name="document"),
    path("sources/<int:version_id>/", source_views.source, name="source"),
    path("sources/<int:version_id>/file/", source_views.download, name="download"),
    path("pages/<int:version_id>/<int:number>.png", source_views.page_image, name="page_image"),
]
