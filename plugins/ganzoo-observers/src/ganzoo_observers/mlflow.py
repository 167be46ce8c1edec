"""MLflow, by its client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow.tracking import MlflowClient


class MlflowObserver:
    """A run in MLflow, in the experiment ``ganzoo``, wherever $MLFLOW_TRACKING_URI says."""

    def __init__(self, folder: Path) -> None:
        self._client = MlflowClient()
        known = self._client.get_experiment_by_name("ganzoo")
        experiment = known.experiment_id if known else self._client.create_experiment("ganzoo")
        self._run = self._client.create_run(experiment, run_name=folder.name).info.run_id

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Log the scalars of a step; what the run is, at its start; how it went, at its end."""
        if event == "step":
            for name, value in run["scalars"].items():
                self._client.log_metric(self._run, name, value, step=run["step"])
        elif event == "started":
            for name in ("path", "variant", "dataset", "seed"):
                self._client.log_param(self._run, name, run[name])
        elif event in ("finished", "failed"):
            self._client.log_metric(self._run, "train_seconds", run["train_seconds"])
            self._client.set_tag(self._run, "note", run["note"])
            self._client.set_terminated(self._run, "FINISHED" if event == "finished" else "FAILED")

    def close(self) -> None:
        """Nothing is left to do: the end of the run was logged as an event."""
