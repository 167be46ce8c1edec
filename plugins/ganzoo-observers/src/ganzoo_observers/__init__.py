"""Observers by name, through the hook that anybody's use; each opens its library when a run starts, not before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import ObserverSource, hookimpl

if TYPE_CHECKING:
    from ganzoo import RunObserver


@hookimpl
def register_observers() -> list[ObserverSource]:
    """csv, tensorboard, mlflow."""
    return [
        ObserverSource(name="csv", summary="events.csv in the run's folder", open=_csv),
        ObserverSource(
            name="tensorboard",
            summary="tensorboard/ in the run's folder",
            open=_tensorboard,
            needs="tensorboardX",
            install="pip install 'ganzoo-observers[tensorboard]'",
        ),
        ObserverSource(
            name="mlflow",
            summary="a run in MLflow's experiment ganzoo",
            open=_mlflow,
            needs="mlflow",
            install="pip install 'ganzoo-observers[mlflow]'",
        ),
    ]


def _csv(folder: Path) -> RunObserver:
    from ganzoo_observers.csv_file import CsvObserver

    return CsvObserver(folder)


def _tensorboard(folder: Path) -> RunObserver:
    from ganzoo_observers.tensorboard import TensorBoardObserver

    return TensorBoardObserver(folder)


def _mlflow(folder: Path) -> RunObserver:
    from ganzoo_observers.mlflow import MlflowObserver

    return MlflowObserver(folder)
