"""The plugin of many steps with numbers of its own: ``first`` before the loop, ``early`` in step 4, ``last`` in all.

``gap`` is measured on held-out data. REPORTER_MORE is JSON of more numbers, given behind the loop; REPORTER_RAISES has
``measure`` raise.
"""

from __future__ import annotations

import json
import os
from typing import Any

import msgspec
import numpy as np
import stepper
from stepper import export, sample  # noqa: F401 - hooks of this module, too

import ganzoo

REPORTS = (
    ganzoo.Report(name="gap", direction="down", help="distance of the means of samples and held-out data"),
    ganzoo.Report(name="first", direction="none", help="what w was"),
    ganzoo.Report(name="early", direction="up", help="loss of step 4"),
    ganzoo.Report(name="last", direction="down", help="loss of the last step"),
)


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    return msgspec.structs.replace(stepper.describe(), name="reporter", reports=REPORTS)


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> stepper.Model:
    options = run.options
    model = stepper.Model(options.z_dim, run.data.spec.shape, run.seed)
    run.report(first=model.w.mean())
    x = run.data.scaled().reshape(len(run.data.x), -1)
    for step in run.steps(options.steps, state=model):
        stepper._misbehave(step)
        loss = model.step(x[run.indices(16, step)], run.latents(16, step)["z"], options.lr)
        run.log(loss=loss)
        if step == 4:
            run.report(early=ganzoo.Estimate(loss, loss / 2, 16))
        run.report(last=loss)
    run.report(**json.loads(os.environ.get("REPORTER_MORE", "{}")))
    return model


@ganzoo.hookimpl
def measure(model: stepper.Model, run: ganzoo.MeasureRun) -> dict[str, Any]:
    if "REPORTER_RAISES" in os.environ:
        raise ValueError("the ruler broke")
    x = sample(model, run.latents(64, 0))
    return {"gap": abs(float(np.mean(x)) - float(run.heldout.scaled().mean()))}
