"""``kermany`` and ``kermany_test``: Mendeley's ChestXRay2017.zip, or Kaggle's copy of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cxrdesk.evaluation.datasets import kermany_patient
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.prepare.download import Member
from cxrdesk.training.prepare.films import as_jpeg, read_film
from cxrdesk.training.prepare.layout import Advance, Layout, Prepared

NAME, TEST = "kermany", "kermany_test"
SHAPE = (224, 224)
CLASSES = ("NORMAL", "PNEUMONIA")
_SPLITS = {"train": NAME, "val": NAME, "test": TEST}
"""Kaggle's val is 16 films of the publisher's training split."""
_README = (
    "Source: Kermany, Zhang, Goldbaum 2018, Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images, "
    "Mendeley Data, https://doi.org/10.17632/rscbjbr9sj",
    "Licence: CC BY 4.0",
    f"Done to the films: gray levels, {SHAPE[1]} x {SHAPE[0]} without keeping the aspect ratio, JPEG.",
)
_SPLIT_LINE = {
    NAME: "Films: the publisher's training split, with the 16 films that Kaggle's copy calls val.",
    TEST: "Films: the publisher's test split, never to train or choose on.",
}


def prepare(members: Sequence[Member], out: Path, *, resume: bool, advance: Advance) -> list[Prepared]:
    """Write both splits; the training split comes last, so that it is there only when all is.

    Raises
    ------
    UserError
        ``no-data``, or as `Layout`.
    """
    films = _films(members)
    if not films[NAME]:
        raise UserError(
            "no-data", "--from holds no train/NORMAL or train/PNEUMONIA; name ChestXRay2017.zip or its folder"
        )
    layouts = {NAME: Layout(out, NAME, resume=resume)}
    if films[TEST] and not (resume and (out / TEST).exists()):
        layouts[TEST] = Layout(out, TEST, resume=resume)
    total, done = sum(len(films[name]) for name in layouts), 0
    prepared = []
    for name, layout in reversed(layouts.items()):
        kept: dict[str, Member] = {}
        for member in films[name]:
            advance(done, total, "films")
            done += 1
            _add(layout, member, kept)
        prepared.append(layout.finish((*_README, _SPLIT_LINE[name])))
    return prepared


def _films(members: Sequence[Member]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {NAME: [], TEST: []}
    for member in members:
        split, label = (*("", "", ""), *member.parts)[-3:-1]
        if split in _SPLITS and label in CLASSES and member.name.lower().endswith((".jpeg", ".jpg", ".png")):
            found[_SPLITS[split]].append(member)
    return found


def _add(layout: Layout, member: Member, kept: dict[str, Member]) -> None:
    label, file = member.parts[-2:]
    name = f"{label}/{PurePosixPath(file).stem}.jpeg"
    if kermany_patient(file) is None:
        layout.leave_out(member.name, "unknown-name", "Its name does not tell the patient as the data set's names do.")
    elif name in kept and member.same_as(kept[name]):
        return  # Kaggle's zip holds everything twice
    elif layout.add(name, member.name, lambda: as_jpeg(read_film(member), SHAPE, quality=75)):
        kept[name] = member
