from django.urls import path

from agents import (
    branch_views,
    document_views,
    export_views,
    feedback_views,
    overview_views,
    tool_server_views,
    unanswered_views,
    views,
)

app_name = "agents"
urlpatterns = [
    path("", views.home, name="home"),
    path("c/<uuid:conversation_id>/", views.home, name="conversation"),
    path("c/<uuid:conversation_id>/delete/", views.delete, name="delete"),
    path("c/<uuid:conversation_id>/export.<str:kind>", export_views.export, name="export"),
    path("ask/", views.ask, name="ask"),
    path("runs/<uuid:run_id>/events", views.events, name="events"),
    path("runs/<uuid:run_id>/rows.csv", views.rows, name="rows"),
    path("runs/<uuid:run_id>/cancel/", views.cancel, name="cancel"),
    path("runs/<uuid:run_id>/keep/", views.keep_quick, name="keep_quick"),
    path("c/<uuid:conversation_id>/show/", branch_views.show, name="show"),
    path("runs/<uuid:run_id>/regenerate/", branch_views.regenerate, name="regenerate"),
    path("runs/<uuid:run_id>/edit/", branch_views.edit, name="edit"),
    path("runs/<uuid:run_id>/feedback/", feedback_views.feedback, name="feedback"),
    path("documents/d/<int:pk>/questions/", document_views.questions, name="document_questions"),
    path("thinking-left/", views.thinking_left, name="thinking_left"),
    path("feedback/", feedback_views.listing, name="feedback_list"),
    path("overview/", overview_views.overview, name="overview"),
    path("overview/<str:what>.csv", overview_views.export, name="usage_csv"),
    path("models/", views.models, name="models"),
    path("unanswered/", unanswered_views.questions, name="unanswered"),
    path("unanswered/<int:pk>/", unanswered_views.act, name="unanswered_act"),
    path("tool-servers/", tool_server_views.servers, name="tool_servers"),
    path("tool-servers/new/", tool_server_views.new_server, name="new_tool_server"),
    path("tool-servers/<int:pk>/", tool_server_views.one_server, name="tool_server"),
    path("tool-servers/<int:pk>/act/", tool_server_views.act, name="act_on_tool_server"),
]
