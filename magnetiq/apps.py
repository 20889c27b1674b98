from django.apps import AppConfig


class MagnetiqConfig(AppConfig):
    name = "magnetiq"
    verbose_name = "Magnetiq"

    def ready(self) -> None:
        from magnetiq import checks  # noqa: F401 (registers them)
