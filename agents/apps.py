from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from agents.answer_evaluation import JUDGE
        from kb.evaluation import JUDGES

        JUDGES["answers"] = JUDGE
