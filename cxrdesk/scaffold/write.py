"""Writes a plan's files, and has the new plugin's own recipe make its bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

from cxrdesk.api.terms import FINDINGS, STRUCTURES
from cxrdesk.api.version import API_VERSION
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import InputSpec
from cxrdesk.scaffold.plan import MapsBy, Plan, Source

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".in"
LIMIT_S = 600.0
_KITS = {Source.ONNX: ("onnxkit", "Onnx", "ONNX"), Source.TORCHSCRIPT: ("torchscriptkit", "TorchScript", "TORCHSCRIPT")}
_NEEDS = {
    Source.TORCH: ("cxrdesk>=0.1", "grad-cam>=1.5.4", "safetensors>=0.5", "torch>=2.6"),
    Source.ONNX: ("cxrdesk[onnx]>=0.1",),
    Source.TORCHSCRIPT: ("cxrdesk>=0.1", "torch>=2.6"),
}
_METHODS = {
    MapsBy.OCCLUSION: "occlusion (Zeiler and Fergus 2014), as the fall of the log odds, not scaled per film",
    MapsBy.RISE: "RISE (Petsiuk et al. 2018) less the mean over its masks, as probability, not scaled per film",
}


def write_plugin(plan: Plan, out: Path) -> Path:
    """Write the plugin into a new folder in `out`, with its bundle; nothing is left where that fails.

    Raises
    ------
    UserError
        ``"file-exists"``, ``"not-written"``, ``"missing-extra"``, or ``"bad-network"`` with what the network said.
    """
    folder = out / plan.distribution
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UserError("file-exists", f"{folder} is there already; choose another name or --out") from None
    except OSError as error:
        raise UserError("not-written", f"{folder} cannot be made ({error.strerror}); choose another --out") from None
    try:
        kind = "segmenter" if plan.structure else "detector"
        origin = "torch" if plan.source is Source.TORCH else "file"
        for templates in (TEMPLATES / "common", TEMPLATES / f"{origin}-{kind}"):
            for template in sorted(templates.rglob(f"*{SUFFIX}")):
                _write(template, templates, folder, plan)
        _make_bundle(plan, folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def _write(template: Path, templates: Path, folder: Path, plan: Plan) -> None:
    told = template.relative_to(templates).with_suffix("") if template.suffix == SUFFIX else template
    parts = [plan.package if part == "package" else part for part in told.parts]
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = Template(template.read_text(encoding="utf-8")).substitute(words(plan))
    path.write_text(text, encoding="utf-8")


def words(plan: Plan) -> dict[str, object]:
    """What stands for each ``$word`` of the templates."""
    rows, cols = plan.input.size
    segmenter = bool(plan.structure)
    names = [FINDINGS[key].name for key in plan.findings] or [STRUCTURES[plan.structure].name]
    module, kit, weights = _KITS.get(plan.source, ("", "", ""))
    kit += "Segmenter" if segmenter else "Classifier"
    saliency = "HiResCAM (Draelos and Carin 2020), not scaled per film"
    if plan.source is not Source.TORCH:
        saliency = _METHODS[plan.maps]
    recipe = f'\n[project.entry-points."cxrdesk.recipes"]\n{plan.name} = "{plan.package}.recipe:train"\n'
    what = (
        f"{plan.source.value} file {plan.file.name}" if plan.file is not None else "four small convolutions (a start)"
    )
    return {
        "name": plan.name,
        "distribution": plan.distribution,
        "package": plan.package,
        "title": plan.title,
        "Class": "".join(word.capitalize() for word in plan.name.split("-")),
        "Base": "Segmenter" if segmenter else "Detector",
        "kind": "segmenter" if segmenter else "detector",
        "hook": "cxrdesk_segmenters" if segmenter else "cxrdesk_detectors",
        "api": API_VERSION,
        "dependencies": "\n".join(f'    "{item}",' for item in _NEEDS[plan.source]),
        "recipes": recipe,
        "looks_for": f"{'Outlines' if segmenter else 'Looks for'} {', '.join(names).lower()}.",
        "findings": _literal(plan.findings),
        "finding_columns": ", ".join(plan.findings),
        "structure": plan.structure,
        "views": _literal(plan.views),
        "ages": "" if plan.age_years is None else f", age_years={plan.age_years}",
        "rows": rows,
        "cols": cols,
        "input_options": _options(plan.input),
        "channels": plan.channels,
        "means": plan.means,
        "deviations": plan.deviations,
        "answers": plan.answers,
        "columns": plan.columns,
        "outputs": max(1, len(plan.findings)),
        "kit": module,
        "Kit": kit,
        "WEIGHTS": weights,
        "Perturbation": type(plan.perturbation).__name__,
        "perturbation": plan.perturbation,
        "saliency": "none" if segmenter else saliency,
        "network": what,
        "input": f"{plan.channels} x {rows} x {cols}",
        "output": plan.answers,
    }


def _literal(words: tuple[str, ...]) -> str:
    return "(" + "".join(f'"{word}", ' for word in words).rstrip(" " if len(words) == 1 else ", ") + ")"


def _options(spec: InputSpec) -> str:
    usual = InputSpec(size=spec.size)
    named = ("percentiles", "mean", "std")
    return "".join(f", {name}={getattr(spec, name)}" for name in named if getattr(spec, name) != getattr(usual, name))


def _make_bundle(plan: Plan, folder: Path) -> None:
    command = [sys.executable, "-P", "-m", f"{plan.package}.recipe"]
    command += [str(plan.file.resolve())] if plan.file is not None else []
    path = os.pathsep.join([str((folder / "src").resolve()), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S
    )
    if done.returncode == 0:
        return
    told = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    kind, _, text = told.partition(": ")
    if kind == "ModuleNotFoundError":
        raise UserError("missing-extra", f"the new plugin needs what is not installed ({text}); install it and repeat")
    # What a recipe tells of a wrong file is a sentence of its own, any other error ends with its class and text.
    what = text if kind.isidentifier() and text else told
    raise UserError("bad-network", f"nothing was written, since the network gave no golden vectors: {what}")
