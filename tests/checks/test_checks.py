"""Every check catches a plugin made to fail it, and no other check does."""

from __future__ import annotations

import pytest
from checking import Change, Installed

from ganzoo.checks import CHECKS, Result, run_checks

IN_TRAIN = "    options = run.options\n"
IN_LOOP = "    for step in run.steps(options.steps, state=model):\n"
IN_SAMPLE = '    w = model.weights\n    total = inputs["z"]'
IN_EXPORT = "    from onnx import TensorProto, helper, numpy_helper, save_model\n"
AT_TOP = "import ganzoo\n\n\nclass Options"
TANH = '        helper.make_node("Tanh", ["total"], ["flat"]),\n'
RETURN = "    return np.tanh(total).reshape(-1, *model.shape)"
RESHAPE = 'helper.make_node("Reshape", ["flat", "shape"], ["x"])'
TOTAL = 'helper.make_node("Sum", ["from_z", "from_y", "from_c", "b"], ["total"])'


def before(place: str, *lines: str) -> Change:
    """Lines of a function's body put in front of one of its lines."""
    return place, "".join(f"    {line}\n" for line in lines) + place


def after(place: str, *lines: str) -> Change:
    """Lines of a function's body put behind one of its lines."""
    return place, place + "".join(f"    {line}\n" for line in lines)


def top(*lines: str) -> Change:
    """Lines that run when the module is imported."""
    return AT_TOP, "".join(f"{line}\n" for line in lines) + AT_TOP


def validating(*lines: str) -> Change:
    """The hook that may be left out, with these lines."""
    body = "".join(f"    {line}\n" for line in lines)
    return "    return model\n", f"    return model\n\n\n@ganzoo.hookimpl\ndef validate(options, data):\n{body}"


# The sum less its mean over the batch, as batch norm in training mode does it.
OFF_MEAN = (
    TOTAL.replace("total", "whole")
    + ', helper.make_node("ReduceMean", ["whole", "axis"], ["mean"]), '
    + 'helper.make_node("Sub", ["whole", "mean"], ["total"])'
)


# The plugin with two maps of noise in place of labels, codes and points.
NOISY: tuple[Change, ...] = (
    ("Inputs(labels=True, categorical=3, continuous=2)", "Inputs(noise=2)"),
    ('takes=("image", "points")', 'takes=("image",)'),
    ('"v": latent.classes, "u": latent.code_dim', '"u": int(np.prod(latent.noise))'),
    ('w["v"][inputs["y"]] + inputs["c"] @ w["u"]', 'inputs["noise"].reshape(len(inputs["z"]), -1) @ w["u"]'),
    ('helper.make_node("Gather", ["v", "y"], ["from_y"], axis=0)', 'helper.make_node("Flatten", ["noise"], ["c"])'),
    ('"from_z", "from_y", "from_c"', '"from_z", "from_c"'),
    ('            helper.make_tensor_value_info("y", TensorProto.INT64, ["N"]),\n', ""),
    ('info("c", TensorProto.FLOAT, ["N", len(', 'info("noise", TensorProto.FLOAT, ["N", 2, *model.shape[1:]]),\n'),
    ('model.weights["u"])]),\n', ""),
)


# The check, what is done to the plugin, and a word of the reason.
SABOTEURS: dict[str, tuple[str, tuple[Change, ...], str]] = {
    "raises on import": ("loads", (top("raise OSError('no disk')"),), "OSError: no disk"),
    "lacks a dependency": ("loads", (top("import no_such_framework"),), "no_such_framework"),
    "exits on import": ("loads", (top("raise SystemExit(3)"),), "SystemExit: 3"),
    "kills the process on import": ("loads", (top("import os", "os._exit(3)"),), "code 3"),
    "imports pandas": ("light-import", (top("import pandas"),), "imports pandas"),
    "imports pandas to describe itself": (
        "light-import",
        (('        summary="passes', '        summary=__import__("pandas") and "passes'),),
        "pandas",
    ),
    "misses a hook": ("hook-signatures", (("@ganzoo.hookimpl\ndef export", "def export"),), "no hook export"),
    "asks for more": ("hook-signatures", (("def train(run: ganzoo.TrainRun)", "def train(run, gpu)"),), "takes gpu"),
    "mistypes a hook": ("hook-signatures", (("def sample(", "def smaple("),), "'smaple'"),
    "yields": ("hook-signatures", ((RETURN, RETURN.replace("return", "yield")),), "sample is no plain function"),
    "has no summary": ("describe-complete", (("passes every check", " "),), "summary"),
    "has a fact left out": ("describe-complete", (('optimiser="momentum"', 'optimiser=""'),), "facts.optimiser"),
    "raises in describe": (
        "describe-complete",
        (("    return ganzoo.Variant(", "    1 / 0\n    return ganzoo.Variant("),),
        "ZeroDivision",
    ),
    "calls itself another": ("describe-complete", (('name="checked"', 'name="other"'),), "other"),
    "takes no data": ("describe-complete", (("sizes=(4, 7)", "sizes=(7, 4)"),), "sizes=(7, 4)"),
    "takes unknown data": ("describe-complete", (('"points")', '"sounds")'),), "sounds"),
    "has a default out of range": ("options-validated", (("ge=1)] = 40", "ge=50)] = 40"),), "default 40 of steps"),
    "has an option of any type": (
        "options-validated",
        (("lr: Annotated[float", "lr: Annotated[Any"),),
        "cannot be read",
    ),
    "has an option of a type that --set cannot give": (
        "options-validated",
        (('"width of z", ge=1)] = 4', '"width of z", ge=1)] = 4\n    tags: bytes = b""'),),
        "of the type bytes",
    ),
    "has no help": ("options-validated", (('option("width of z"', 'option(""'),), "z_dim has no help"),
    "has no default": ("options-validated", (("ge=1)] = 40", "ge=1)]"),), "steps has no default"),
    "names a size that is no option": ("options-validated", (("Inputs(labels", 'Inputs(z="k", labels'),), "'k'"),
    "has no bounds": ("out-of-range-refused", (('"learning rate", gt=0, le=1', '"learning rate"'),), "lr"),
    "refuses what it claims": (
        "validate-answers",
        (validating("return 'too large' * (data.shape[-1] > 4)"),),
        "validate refuses images 3×7×7, 3 classes, which describe() claims: too large",
    ),
    "answers with a number": ("validate-answers", (validating("return 0"),), "answered validate with int"),
    "raises in validate": ("validate-answers", (validating("return data.channels"),), "failed in validate: Attribute"),
    "kills the process in validate": ("validate-answers", (validating("import os; os._exit(4)"),), "code 4"),
    "changes its mind": (
        "validate-answers",
        (top("import itertools", "TURN = itertools.cycle((0, 1))"), validating("return 'no' * next(TURN)")),
        "two answers",
    ),
    "has no licence": ("metadata-complete", (("License-Expression: Apache-2.0\n", ""),), "License"),
    "needs no ganzoo": ("metadata-complete", (("Requires-Dist: ganzoo>=0.1", "Requires-Dist: ganzoo-x"),), "ganzoo"),
    "cannot train": ("trains", (after(IN_TRAIN, "raise RuntimeError('no luck')"),), "RuntimeError: no luck"),
    "cannot train on colours": ("trains", (after(IN_TRAIN, "assert run.data.spec.shape[0] < 3, 'grey'"),), "3×7×7"),
    "diverges": ("trains", (("run.log(loss=", "run.log(loss=float('nan') * "),), "loss became nan"),
    "exits in train": ("trains", (after(IN_TRAIN, "raise SystemExit(0)"),), "SystemExit"),
    "kills the process in train": ("trains", (after(IN_TRAIN, "import os; os.abort()"),), "SIGABRT"),
    "returns nothing": ("trains", (("    return model\n", "    return None\n"),), "None"),
    "swallows the stop": (
        "interrupt-leaves-resumable",
        ((IN_LOOP, "    try:\n     " + IN_LOOP[4:]), ("options.lr))\n", "options.lr))\n    except Exception: pass\n")),
        "went on after SIGINT",
    ),
    "ignores signals": (
        "interrupt-leaves-resumable",
        (
            before(IN_LOOP, "import signal", "kept = signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
            ("    return model\n", "    signal.signal(signal.SIGTERM, kept)\n    return model\n"),
        ),
        "went on after SIGTERM",
    ),
    "lets signals break the step off": (
        "interrupt-leaves-resumable",
        (before(IN_LOOP, "import signal", "signal.signal(signal.SIGINT, signal.default_int_handler)"),),
        "SIGINT broke",
    ),
    "writes beside": (
        "writes-only-its-run-folder",
        (before(IN_EXPORT, "Path('model.pt').write_text('')"),),
        "model.pt",
    ),
    "writes at home": (
        "writes-only-its-run-folder",
        (after(IN_TRAIN, "(Path.home() / '.checked').write_text('')"),),
        ".checked",
    ),
    "leaves a temporary file": (
        "writes-only-its-run-folder",
        (after(IN_TRAIN, "import tempfile; tempfile.mkstemp('.left')"),),
        ".left",
    ),
    "seeds numpy": ("no-side-effects", (after(IN_TRAIN, "np.random.seed(run.seed)"),), "numpy.random"),
    "draws from random": ("no-side-effects", (after(IN_TRAIN, "import random; random.random()"),), "random's"),
    "moves": ("no-side-effects", (after(IN_TRAIN, "import os; os.chdir('/')"),), "working directory"),
    "sets a variable": ("no-side-effects", (after(IN_TRAIN, "import os; os.environ['A_KEY'] = '1'"),), "A_KEY"),
    "silences warnings": (
        "no-side-effects",
        (before(IN_EXPORT, "import warnings; warnings.simplefilter('ignore')"),),
        "warnings filters",
    ),
    "keeps a signal handler": (
        "no-side-effects",
        (before(IN_EXPORT, "import signal; signal.signal(signal.SIGTERM, lambda *_: None)"),),
        "signal handlers",
    ),
    "configures logging": (
        "no-side-effects",
        (before(IN_SAMPLE, "import logging; logging.basicConfig(level=10)"),),
        "root logger",
    ),
    "sets the error state": ("no-side-effects", (after(IN_TRAIN, "np.seterr(all='ignore')"),), "error settings"),
    "sets threads": (
        "no-side-effects",
        (after(IN_TRAIN, "import threadpoolctl; threadpoolctl.threadpool_limits(2)"),),
        "number of threads",
    ),
    "extends sys.path": ("no-side-effects", (after(IN_TRAIN, "import sys; sys.path.append('/x')"),), "sys.path"),
    "patches numpy": ("no-side-effects", (after(IN_TRAIN, "np.load = None"),), "numpy's functions (numpy.load)"),
    "patches numpy on import": ("no-side-effects", (top("np.load = None"),), "importing it changes numpy's functions"),
    "prints": ("no-prints", (before(IN_LOOP, "print('epoch 1')"),), "'epoch 1'"),
    "prints on import": ("no-prints", (top("print('welcome')"),), "when imported: 'welcome'"),
    "echoes": ("no-prints", (before(IN_EXPORT, "import os; os.system('echo exported')"),), "'exported'"),
    "takes weights from the clock": ("deterministic", (("default_rng(seed)", "default_rng()"),), "the state after"),
    "samples with dropout": (
        "deterministic",
        ((RETURN, RETURN.replace("total", "total + 1e-6 * np.random.default_rng().random(total.shape, np.float32)")),),
        "the second time",
    ),
    "forgets the momentum": ("resumes-bit-exactly", (('"m": self.m, ', ""), ('arrays["m"]', "self.m")), "differs in"),
    "forgets the average": (
        "resumes-bit-exactly",
        ((', "ema": self.ema}', "}"), ('arrays["ema"]', "self.ema")),
        "other samples",
    ),
    "keeps no state": (
        "resumes-bit-exactly",
        (
            ("        return {**self.weights", "        return {} and {**self.weights"),
            ("        self.weights = {n", "        return\n        self.weights = {n"),
        ),
        "state",
    ),
    "ignores the seed": (
        "seed-changes-output",
        (
            ("default_rng(seed)", "default_rng(0)"),
            ("run.indices(16, step)", "np.arange(16)"),
            ('run.latents(16, step)["z"]', "np.zeros((16, run.latent.z_dim), np.float32)"),
        ),
        "seeds 0 and 1 give the same samples on images",
    ),
    "ignores the seed on points": (
        "seed-changes-output",
        (
            ("default_rng(seed)", "default_rng(seed if shape[1:] else 0)"),
            ("run.indices(16, step)", "(run.indices(16, step) if model.shape[1:] else np.arange(16))"),
            (
                'run.latents(16, step)["z"]',
                '(run.latents(16, step)["z"] * np.float32(bool(model.shape[1:])))',
            ),
        ),
        "seeds 0 and 1 give the same samples on points",
    ),
    "looks whether the seed is 0": (
        "seed-changes-output",
        (
            ("default_rng(seed)", "default_rng(bool(seed))"),
            ("run.indices(16, step)", "np.arange(16)"),
            ('run.latents(16, step)["z"]', "np.zeros((16, run.latent.z_dim), np.float32)"),
        ),
        "seeds 1 and 2 give the same samples",
    ),
    "has channels last": (
        "range-and-shape",
        ((RETURN, RETURN.replace("-1, *model.shape", "-1, *model.shape[1:], model.shape[0]")),),
        "not float32",
    ),
    "samples float64": ("range-and-shape", ((RETURN, f"{RETURN}.astype(float)"),), "float64"),
    "has no tanh": (
        "range-and-shape",
        ((RETURN, RETURN.replace("np.tanh(total)", "total")), (TANH, TANH.replace("Tanh", "Identity"))),
        "images lie in [-1, 1]",
    ),
    "cannot sample": ("range-and-shape", (before(IN_SAMPLE, "raise RuntimeError('no luck')"),), "no luck"),
    "kills the process in sample": ("range-and-shape", (before(IN_SAMPLE, "import os; os._exit(7)"),), "code 7"),
    "exports nothing": ("onnx-valid", (("    save_model(", "    (lambda *_: None)("),), "exported nothing"),
    "exports another name": (
        "onnx-valid",
        (('"shape"], ["x"])', '"shape"], ["image"])'), ('info("x",', 'info("image",')),
        "['image']",
    ),
    "declares what never comes": (
        "numbers-reported",
        (('return {"bias": float(model.ema.mean())}', "return {}"), ("    run.report(last=model.m.mean())\n", "")),
        "last, bias: declared, but neither reported",
    ),
    "measures what is not declared": (
        "numbers-reported",
        (('return {"bias"', 'return {"base": 1.0, "bias"'),),
        "'base' was reported, but the variant declares last, bias",
    ),
    "reports what is not finite": (
        "numbers-reported",
        (("report(last=model.m.mean())", "report(last=np.inf)"),),
        "'last' was reported as inf",
    ),
    "raises when it measures": (
        "numbers-reported",
        (('return {"bias": float(model.ema.mean())}', "raise OSError('no ruler')"),),
        "failed in measure: OSError: no ruler",
    ),
    "reports other numbers once it was stopped": (
        "resumes-bit-exactly",
        (
            (IN_LOOP, f"    taken = []\n{IN_LOOP}        taken.append(step)\n"),
            ("report(last=model.m.mean())", "report(last=len(taken))"),
        ),
        "a resumed run reports other numbers",
    ),
    "exports a fixed batch": (
        "onnx-valid",
        (('FLOAT, ["N", *model', "FLOAT, [8, *model"),),
        "batch axis of x is fixed",
    ),
    "exports other weights": ("parity", (('"b": model.ema', '"b": model.weights["b"]'),), "differs from sample"),
    "rounds its weights": (
        "parity",
        (
            ("in constants.items()]", "in constants.items()]"),
            (
                "numpy_helper.from_array(value, name)",
                "numpy_helper.from_array(value if name == 'shape' else value.round(2), name)",
            ),
        ),
        "differs",
    ),
    "keeps batch norm in training": (
        "batch-invariance",
        (
            (TOTAL, OFF_MEAN),
            ('"shape": np.array(', '"axis": np.array([0]), "shape": np.array('),
            (RETURN, f"    total = total - total.mean(axis=0)\n{RETURN}"),
        ),
        "depends on the rest of its batch",
    ),
    "bakes the batch in": (
        "dynamic-batch",
        (
            (
                RESHAPE,
                'helper.make_node("Slice", ["flat", "zero", "hundred"], ["cut"]), ' + RESHAPE.replace("flat", "cut"),
            ),
            ('"shape": np.array(', '"zero": np.array([0]), "hundred": np.array([100]), "shape": np.array('),
        ),
        "for a batch of 257",
    ),
    "samples at most a hundred": (
        "dynamic-batch",
        (before(IN_SAMPLE, "assert len(inputs['z']) <= 100"),),
        "batch of 257",
    ),
    "ignores z": (
        "latents-matter",
        (
            ('"w": latent.z_dim', '"w": -latent.z_dim'),
            ("rng.normal(0, 0.1, (rows,", "rng.normal(0, 0.1 * (rows > 0), (abs(rows),"),
        ),
        "other z",
    ),
    "ignores a label": (
        "labels-obeyed",
        (
            (RETURN, RETURN),
            (
                "        self.m = np.zeros",
                '        self.weights["v"][1:2] = self.weights["v"][:1]\n        self.m = np.zeros',
            ),
        ),
        "labels 0 and 1",
    ),
    "ignores a code": (
        "codes-matter",
        (("        self.m = np.zeros", '        self.weights["u"][-1] = 0\n        self.m = np.zeros'),),
        "continuous code 1",
    ),
    "ignores a category": (
        "codes-matter",
        (
            (
                "        self.m = np.zeros",
                '        self.weights["u"][2] = self.weights["u"][0]\n        self.m = np.zeros',
            ),
        ),
        "values 0 and 2",
    ),
    "ignores a map of the noise": (
        "noise-matters",
        (
            *NOISY,
            (
                "        self.m = np.zeros",
                '        self.weights["u"][len(self.weights["u"]) // 2 :] = 0\n        self.m = np.zeros',
            ),
        ),
        "whatever the map 1 of the noise is",
    ),
    "takes more noise than it needs": (
        "bad-latents-refused",
        (*NOISY, ('-1) @ w["u"]', '-1)[:, : len(w["u"])] @ w["u"]')),
        "3 maps of noise in place of 2",
    ),
    "cuts z to size": ("bad-latents-refused", (('inputs["z"] @', 'inputs["z"][:, : len(w["w"])] @'),), "z of width 5"),
    "kills the process on bad latents": (
        "bad-latents-refused",
        (before(IN_SAMPLE, "import os", "inputs.get('z') is None and os._exit(5)"),),
        "code 5",
    ),
}
# Two defects at once: which of them would a reader blame on one check alone?
TWO: dict[str, tuple[set[str], tuple[Change, ...]]] = {
    # The file depends on the batch and the framework does not: so they also differ.
    "exports in training mode": (
        {"batch-invariance", "parity"},
        ((TOTAL, OFF_MEAN), ('"shape": np.array(', '"axis": np.array([0]), "shape": np.array(')),
    ),
    # A handler that stays is a side effect, and keeps the stop from the run.
    "installs a handler of its own": (
        {"interrupt-leaves-resumable", "no-side-effects"},
        (before(IN_LOOP, "import signal", "signal.signal(signal.SIGINT, lambda *_: None)"),),
    ),
}


def outcome(results: list[Result], status: str) -> dict[str, str]:
    """Id and reason of the checks with this status."""
    return {result.id: result.why for result in results if result.status == status}


def test_the_good_plugin_passes_every_check(installed: Installed) -> None:
    _passes(run_checks("checked", installed()), but={"noise-matters"})


def test_the_good_plugin_with_noise_passes_every_check(installed: Installed) -> None:
    _passes(run_checks("checked", installed(*NOISY)), but={"labels-obeyed", "codes-matter"})


def _passes(results: list[Result], *, but: set[str]) -> None:
    """All checks, except those of inputs that the plugin does not have."""
    assert outcome(results, "passed").keys() == {check.id for check in CHECKS} - but
    assert outcome(results, "skipped") == {check.id: f"for {check.applies_to}" for check in CHECKS if check.id in but}


@pytest.mark.parametrize("case", SABOTEURS)
def test_one_defect_fails_one_check(case: str, installed: Installed) -> None:
    check, changes, word = SABOTEURS[case]
    results = run_checks("checked", installed(*changes))
    failed = outcome(results, "failed")
    assert list(failed) == [check], outcome(results, "skipped")
    assert word in failed[check]
    assert "\n" not in failed[check]
    assert not outcome(results, "expected")
    absent = {f"for {each.applies_to}" for each in CHECKS}
    assert all("it needs" in why or why in absent for why in outcome(results, "skipped").values())


@pytest.mark.parametrize("case", TWO)
def test_one_defect_that_breaks_two_rules(case: str, installed: Installed) -> None:
    checks, changes = TWO[case]
    assert set(outcome(run_checks("checked", installed(*changes)), "failed")) == checks


def test_every_check_has_its_saboteur() -> None:
    assert {check for check, _, _ in SABOTEURS.values()} == {check.id for check in CHECKS}
