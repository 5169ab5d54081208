from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents.answer_evaluation import JUDGE
        from kb.evaluation import JUDGES
        from kb.panels import Panel, add_panel

        JUDGES["answers"] = JUDGE
        add_panel(Panel("questions", _("Questions"), "agents:document_questions"))
