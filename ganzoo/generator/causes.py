"""What ONNX Runtime says when a graph cannot be opened or run, in plain sentences: its own hold C++ signatures."""

from __future__ import annotations

import re
from typing import NamedTuple

_CODE = re.compile(r"^(?:\[ONNXRuntimeError\] : \d+ : \w+ : |Error in execution: )")
_PLACE = re.compile(r"\S+\.(?:cc|cpp|cu|cuh|h):\d+ ")
_CONDITION = re.compile(r"^.{,200}? was false\. (?=\S)")
_NODE = re.compile(
    r"^(?:Non-zero status code returned while running (?P<run>\w+) node\. .*?Message: "
    r"|Node \(.*?\) Op \((?P<read>\w+)\) \[\w+InferenceError\] )"
)
_SIGNATURE = re.compile(r"^[^(]*::[\w:~]*(?:<[^(]*>|operator\(\))?\(")
_AFTER = re.compile(r"^(?:\s*const\b)?(?:::<[^>]*>)?\s*(?:\[with [^]]*\]\s*)?")
_SIZE = re.compile(r"index: (\d+) Got: (\d+) Expected: (\d+)")
DYNAMIC_BATCH = "Export it with a dynamic batch axis."
_LOWER = "Export it with a lower opset, or update onnxruntime."


class Cause(NamedTuple):
    """One sentence, with its full stop, and what to do, where that is known."""

    sentence: str
    hint: str = ""


def cause(error: Exception) -> Cause:
    """Why ONNX Runtime refused."""
    text = _CODE.sub("", " ".join(str(error).split())) or type(error).__name__
    for pattern, sentence, hint in _KNOWN:
        if found := pattern.search(text):
            return Cause(sentence.format(*found.groups()), hint)
    if found := re.search(r"Got invalid dimensions for input: (.+?) for the following indices", text):
        return _sizes(found[1], text)
    operator = ""
    while node := _NODE.match(text):  # a Scan, Loop or If passes on what a node inside it says
        operator, text = node["run"] or node["read"], text[node.end() :]
    text = _without_place(text).rstrip(".") + "."
    return Cause(f"its {operator} says: {text}" if operator else text)


_KNOWN = (
    (
        re.compile(r"Unsupported model IR version: (\d+), max supported IR version: (\d+)"),
        "it has IR version {}, and this onnxruntime reads up to {}.",
        _LOWER,
    ),
    (
        re.compile(r"Opset (\d+) is under development .*for domain (\S+) is till opset (\d+)"),
        "it uses opset {} of {}, and this onnxruntime reads up to {}.",
        _LOWER,
    ),
    (
        re.compile(r"No Op registered for (\S+) with domain_version of (\d+)"),
        "no operator '{}' is known in opset {}.",
        "",
    ),
    (re.compile(r"^This is an invalid model\. In Node, .*? ?, Error (.+?)\.?$"), "{}.", ""),
    (
        re.compile(r"(?:Fatal error: )(\S+):(\S+?)\(-?\d+\) is not a registered function/op"),
        "no operator '{1}' of the domain '{0}' is known.",
        "Export it with operators of standard ONNX.",
    ),
    (
        re.compile(r"Could not find an implementation for (\S+?)\((\d+)\) node"),
        "this onnxruntime has no '{}' (opset {}) for the element types that it uses.",
        "Export it in float32.",
    ),
)


def _sizes(name: str, text: str) -> Cause:
    """An input whose axes have other sizes than the graph states."""
    axes = {int(axis): (got, wanted) for axis, got, wanted in _SIZE.findall(text)}
    if axes.keys() == {0}:
        got, wanted = axes[0]
        return Cause(
            f"the batch axis of its input '{name}' is fixed at {wanted}, and {got} samples were given.", DYNAMIC_BATCH
        )
    parts = [f"{wanted} along axis {axis}, not {got}" for axis, (got, wanted) in axes.items()]
    return Cause(f"its input '{name}' takes {' and '.join(parts)}.")


def _without_place(text: str) -> str:
    """Drop file, line, function and condition of the C++ source, wherever they stand."""
    while place := _PLACE.search(text):
        text = text[: place.start()] + _CONDITION.sub("", _without_function(text[place.end() :]))
    return text


def _without_function(text: str) -> str:
    """Drop a function's name or whole signature at the start."""
    signature = _SIGNATURE.match(text)
    if not signature:
        return text.partition(" ")[2] or text
    depth = 1
    for end, letter in enumerate(text[signature.end() :], signature.end()):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return _AFTER.sub("", text[end + 1 :])
    return text
