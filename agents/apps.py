from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents.answer_evaluation import JUDGE, judged_answer
        from kb.evaluation import JUDGES
        from kb.evaluation_runs import ANSWERERS
        from kb.panels import Panel, add_panel

        JUDGES["answers"] = JUDGE
        ANSWERERS[:] = [judged_answer]
        add_panel(Panel("questions", _("Questions"), "agents:document_questions"))
