"""The project as a Django app: it holds the commands and checks that belong to no single part."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
    label = "project"
    verbose_name = "Zhinang"
