"""Checks of what a plugin says: its module, hooks, description, options and package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ganzoo.checks.base import Blocked, Check, CheckFailed
from ganzoo.checks.optioned import option_faults, range_faults
from ganzoo.checks.signatures import signature_faults
from ganzoo.types import Facts

if TYPE_CHECKING:
    from ganzoo.checks.context import Context

IMPORT_SECONDS = 5.0


def loads(context: Context) -> None:
    """The module can be imported."""
    assert context.module is not None


def light_import(context: Context) -> None:
    """Neither importing nor describing brings a framework."""
    seen = context.imported
    if seen.error:
        raise Blocked("loads")
    if seen.heavy:
        raise CheckFailed(f"importing and describing it imports {', '.join(seen.heavy)}")
    if seen.seconds > IMPORT_SECONDS:
        raise CheckFailed(f"importing it takes {seen.seconds:.1f} s, more than {IMPORT_SECONDS:.0f}")


def hook_signatures(context: Context) -> None:
    """The four hooks are there, and take what they are given."""
    faults = signature_faults(context.module)
    if faults:
        raise CheckFailed("; ".join(faults))


def describe_complete(context: Context) -> None:
    """Every field of the description says something, and says it twice alike."""
    variant = context.variant
    blank = [name for name in ("name", "backend", "summary", "paper") if not _says(getattr(variant, name))]
    blank += [f"facts.{name}" for name in Facts.__struct_fields__ if not _says(getattr(variant.facts, name))]
    if blank:
        raise CheckFailed(f"describe() leaves {', '.join(blank)} empty")
    if context.module.describe() != variant:
        raise CheckFailed("describe() gives something else the second time")


def _says(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def options_validated(context: Context) -> None:
    """Defaults keep their own rules, and what breaks them is refused."""
    faults = option_faults(context.described)
    if faults:
        raise CheckFailed("; ".join(faults))


def out_of_range_refused(context: Context) -> None:
    """A number beyond each bound is refused, and each number option has a bound."""
    faults = range_faults(context.variant.options)
    if faults:
        raise CheckFailed("; ".join(faults))


def validate_answers(context: Context) -> None:
    """The optional hook answers with a sentence or None, and refuses nothing that is claimed."""
    for form in context.forms:
        context.require_accepted(form)


def metadata_complete(context: Context) -> None:
    """The package says what users and indexes need, and the ONNX file says what it is."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        about = metadata(context.origin.distribution)
    except PackageNotFoundError as error:
        raise CheckFailed(f"there is no installed distribution '{context.origin.distribution}'") from error
    fields = {key: about.get_all(key) or [] for key in set(about)}
    required = [re.split(r"[^\w.-]", line)[0].lower() for line in fields.get("Requires-Dist", [])]
    licence = any(fields.get(key) for key in ("License-Expression", "License")) or any(
        line.startswith("License ::") for line in fields.get("Classifier", [])
    )
    missing = [name for name in ("Version", "Summary", "Requires-Python") if not any(fields.get(name, []))]
    missing += [] if licence else ["License-Expression"]
    missing += [] if "ganzoo" in required else ["Requires-Dist: ganzoo"]
    if missing:
        raise CheckFailed(f"the metadata of {context.origin} lack {', '.join(missing)}")


CHECKS = (
    Check(
        "loads",
        "The module that the entry point names can be imported.",
        "Import it in a Python shell: the traceback shows where it fails.",
        loads,
    ),
    Check(
        "light-import",
        "Importing the module and calling `describe()` imports no framework, no onnxruntime and no pandas, and takes "
        f"less than {IMPORT_SECONDS:.0f} s, in a process of its own.",
        "Import frameworks inside the hooks: `ganzoo list` imports the module of every variant.",
        light_import,
    ),
    Check(
        "hook-signatures",
        "The four hooks are there, marked, plain functions, and take no parameter that they are not given; nothing "
        "else is marked but `validate` and `measure`, which may be left out.",
        "Compare with docs/plugins: `describe()`, `train(run)`, `sample(model, inputs)`, `export(model, path)`, "
        "`validate(options, data)`, `measure(model, run)`.",
        hook_signatures,
    ),
    Check(
        "describe-complete",
        "`describe()` returns a `ganzoo.Variant` of the entry point's name, with every text and every fact filled in, "
        "and the same one each time.",
        "Fill in what is named; where the paper does not say, say that.",
        describe_complete,
    ),
    Check(
        "options-validated",
        "Every option has a type that `--set` can give, a default that it accepts itself, and help; a value of a "
        "wrong type and an unknown name are refused; the inputs name options that exist.",
        'Declare each as `name: Annotated[int, ganzoo.option("help", ge=1)] = 1`.',
        options_validated,
    ),
    Check(
        "out-of-range-refused",
        "Every number option has a bound, and a value beyond it is refused.",
        "Give `ganzoo.option` one of ge, gt, le, lt.",
        out_of_range_refused,
    ),
    Check(
        "validate-answers",
        "The hook `validate`, where there is one, returns a sentence or None, the same each time, and refuses none of "
        "the forms of data that `describe()` claims with the options of these checks.",
        "Narrow `takes` or `sizes` to what the defaults can do; `ganzoo check NAME --set option=value` gives options "
        "that small values do not suit.",
        validate_answers,
    ),
    Check(
        "metadata-complete",
        "The distribution states its version, a summary, a licence, the Python it needs, and that it needs ganzoo.",
        "Add what is missing to [project] in pyproject.toml and install the package again.",
        metadata_complete,
    ),
)
