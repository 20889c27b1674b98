"""An integration with every kind of setting, a job that cannot be tried, and no admin of its own."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, model_validator

from integrations.service import ConnectionReport, IntegrationService, IntegrationSettings, JobReport, job


class FaxSettings(IntegrationSettings):
    gateway: HttpUrl | None = Field(None, title="Gateway", examples=["https://fax.example"])
    paper: Literal["a4", "letter"] = "a4"
    numbers: list[int] = Field([], description="Allowed numbers.")
    days: list[Literal["mo", "tu", "we"]] = []
    loud: bool = True
    volume: float = Field(0.5, ge=0, lt=1)
    pin: SecretStr | None = None
    token: SecretStr = Field(min_length=8)

    @model_validator(mode="after")
    def loud_is_audible(self) -> "FaxSettings":
        if self.loud and not self.volume:
            raise ValueError("A loud fax needs some volume.")
        return self


class FaxService(IntegrationService):
    slug, label, icon = "fax", "Fax", "fax"
    settings_schema = FaxSettings

    def test_connection(self) -> ConnectionReport:
        return ConnectionReport("It beeps.")

    @job(every=timedelta(days=1), command="fax-everybody", label="Fax everybody")
    def fax_everybody(self) -> JobReport:
        return JobReport(promised=7)

    @job(every=timedelta(days=1), command="count-faxes", label="Count faxes")
    def count_faxes(self, *, dry_run: bool = False) -> JobReport:
        return JobReport(counts={"same": 3})
