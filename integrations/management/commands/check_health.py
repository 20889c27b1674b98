"""How all integrations are, for whoever watches this installation."""

from typing import Any

from integrations import verdicts
from integrations.commands import JsonCommand
from integrations.health import HealthState
from integrations.situation import Situation

FINE, DEGRADED, UNHEALTHY = 0, 1, 2
CODES = {HealthState.DEGRADED: DEGRADED, HealthState.UNHEALTHY: UNHEALTHY, HealthState.MISCONFIGURED: UNHEALTHY}


class Command(JsonCommand):
    help = """Tell how integrations, workers and beat are; calls nobody. Exit codes are those of monitoring plugins:
    0 = fine (or paused, disabled, no activity), 1 = something is degraded, 2 = something is unhealthy, misconfigured,
    or nobody works."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.code:
            raise SystemExit(self.code)

    def run(self, **options: Any) -> tuple[dict[str, Any], bool]:
        now = Situation()
        found, silent = verdicts.all_of(now), verdicts.silent(now)
        told = {row.integration.slug: found[row.integration_id] for row in now.own}
        codes = [CODES.get(verdict.state, FINE) for verdict in told.values()]
        self.code = max([UNHEALTHY if silent else FINE, *codes])
        integrations = {
            slug: {"status": verdict.state.value, "said": verdicts.said(verdict), **verdict.measures.as_json()}
            for slug, verdict in told.items()
        }
        return {"code": self.code, "silent": silent, "integrations": integrations}, True

    def in_words(self, result: dict[str, Any]) -> str:
        silent = [f"{name}: silent" for name in result["silent"]]
        return "\n".join([*silent, *(f"{slug}: {found['said']}" for slug, found in result["integrations"].items())])
