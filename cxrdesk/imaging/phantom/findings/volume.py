"""Lungs with too little or too much air."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from cxrdesk.imaging.phantom.body import Side, sign
from cxrdesk.imaging.phantom.findings.base import Finding, Lung, Mask, above_base, smoothstep
from cxrdesk.imaging.phantom.grid import Map
from cxrdesk.imaging.phantom.habitus import Habitus, moved, scaled
from cxrdesk.imaging.phantom.texture import fractal
from cxrdesk.imaging.phantom.tubes import project_tubes, tube


@dataclass(frozen=True, kw_only=True)
class Atelectasis(Finding):
    """Volume lost: a lobe drawn to a dense wedge, or a plate, with a raised dome and the heart drawn over.

    Reduced volume with increased attenuation, displaced fissures, bronchi, vessels, diaphragm, heart or mediastinum;
    linear atelectasis is a band, often a plate above the diaphragm (Hansell et al., Radiology 246 (2008) 697,
    "atelectasis", "linear atelectasis"). A collapsed lower lobe is a triangle behind the heart, a right upper lobe a
    wedge at the upper mediastinum (Felson's Principles of Chest Roentgenology).

    Parameters
    ----------
    side : {"right", "left"}
    form : {"lower lobe", "upper lobe", "plate"}
    severity : float
        Loss of volume; at 1 the dome stands 0.11 of the chest's height too high (0.04 with a plate).
    """

    name: ClassVar[str] = "atelectasis"

    side: Side = "left"
    form: Literal["lower lobe", "upper lobe", "plate"] = "lower lobe"
    severity: float = 0.6

    def reshape(self, habitus: Habitus) -> Habitus:
        """Dome, heart and mediastinum follow the lost volume."""
        lift = {"lower lobe": 0.11, "upper lobe": 0.06, "plate": 0.04}[self.form] * self.severity
        drawn = 0.0 if self.form == "plate" else sign(self.side) * 0.09 * self.severity
        domes = {"right": habitus.dome_right, "left": habitus.dome_left}
        u, v = domes[self.side]
        domes[self.side] = (u, v - lift)
        return replace(
            habitus,
            dome_right=domes["right"],
            dome_left=domes["left"],
            heart_left=moved(habitus.heart_left, drawn),
            heart_right=moved(habitus.heart_right, -drawn),
            mediastinum_left=moved(habitus.mediastinum_left, 0.6 * drawn),
            mediastinum_right=moved(habitus.mediastinum_right, -0.6 * drawn),
            aorta=(habitus.aorta[0] + 0.5 * drawn, *habitus.aorta[1:]),
        )

    def filled(self, lung: Lung, rng: np.random.Generator) -> Map:
        """The airless part, with a sharp edge where a fissure bounds it."""
        h, v = lung.body.habitus, lung.v
        edge = 0.018
        wavy = 0.012 * fractal(lung.grid, rng, coarse_mm=0.5 * h.half_width_mm, octaves=2)
        tilt, place = float(rng.normal(0, 0.12)), float(rng.uniform(0.62, 0.76))
        dense = 0.62 + 0.33 * self.severity
        across = lung.w + 0.25 if lung.grid.lateral else lung.u - 0.45
        if self.form == "plate":
            thick = (0.010 + 0.012 * self.severity) * (264.0 / h.height_mm) ** 0.5
            reach = smoothstep((0.42 - np.abs(across)) / 0.08)
            share = reach * smoothstep((thick - np.abs(v - place - tilt * across + wavy)) / (0.6 * thick) + 0.5)
        elif self.form == "lower lobe":
            # The lobe's outer edge falls from the hilum outwards; the less is left of it, the steeper.
            if lung.grid.lateral:
                front = -0.75 + (0.75 - 0.35 * self.severity) * np.clip((v - 0.4) / 0.5, 0, 1)
                share = smoothstep((front - lung.w + wavy) / edge) * smoothstep((v - 0.38) / 0.08)
            else:
                outer = 0.16 + (0.75 - 0.42 * self.severity) * np.clip((v - 0.42) / 0.5, 0, 1)
                share = smoothstep((outer - lung.u + wavy) / edge) * smoothstep((v - 0.4) / 0.08)
        else:
            side = np.abs(lung.w + 0.1) if lung.grid.lateral else lung.u
            fissure = 0.47 - 0.2 * self.severity - 0.16 * self.severity * np.clip(side, 0, 1)
            share = smoothstep((fissure - v + wavy) / edge)
        return np.asarray(np.clip(dense * share * above_base(lung), 0, 1), np.float32)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: the airless part inside the lung's outline."""
        if filled is None:
            return np.zeros(lung.grid.shape, bool)
        return (filled >= 0.3) & lung.outline


@dataclass(frozen=True, kw_only=True)
class Hyperinflation(Finding):
    """Air trapped, as in asthma: low flat domes, long dark lungs, a narrow heart, thick-walled bronchi at the hila.

    Overinflation with long narrow lungs and a narrow vertical heart is what asthmatic children's films show where they
    show anything (Simon, Connolly, Littlejohns, McAllen, Thorax 28 (1973) 115); walls of bronchi thicken ("Bronchial
    wall thickening in asthma", Clin. Radiol. 1960). A dome less than 1.5 cm above the line between its angles is flat
    in an adult (radiologymasterclass.co.uk, "Chest X-ray quality: inspiration").

    Parameters
    ----------
    severity : float
        At 1 the domes keep a quarter of their height, and the chest is a tenth longer.
    cuffing : bool
        Whether bronchial walls are thickened too.
    """

    name: ClassVar[str] = "hyperinflation"

    cuffing: bool = True
    severity: float = 0.6

    def reshape(self, habitus: Habitus) -> Habitus:
        """Low and flat domes, long chest, level ribs, narrow heart."""
        s = self.severity
        narrow = 1 - 0.14 * s

        def flat(dome: tuple[float, float]) -> tuple[float, float]:
            return dome[0], 1 - (1 - dome[1]) * (1 - 0.75 * s)

        return replace(
            habitus,
            height_mm=habitus.height_mm * (1 + 0.1 * s),
            half_depth_mm=habitus.half_depth_mm * (1 + 0.1 * s),
            dome_right=flat(habitus.dome_right),
            dome_left=flat(habitus.dome_left),
            heart_right=scaled(habitus.heart_right, narrow),
            heart_left=scaled(habitus.heart_left, narrow),
            rib_drop_v=habitus.rib_drop_v * (1 - 0.25 * s),
        )

    def density_scale(self) -> float:
        """The same tissue in more room."""
        return 1 - 0.35 * self.severity

    def tissue(self, lung: Lung, rng: np.random.Generator) -> Map | None:
        """Cuffs: rings and tram lines, that is walls of bronchi about the hila."""
        if not self.cuffing:
            return None
        h = lung.body.habitus
        scale = h.half_width_mm / 140.0
        tubes = []
        for _ in range(round(6 + 8 * self.severity)):
            angle = rng.uniform(-1.3, 1.3)
            far = rng.uniform(0.08, 0.34)
            u, v = 0.24 + far * np.cos(angle), 0.47 + 0.75 * far * np.sin(angle)
            start = lung.body.mm(np.array([(sign(lung.side) * u, v, rng.uniform(-0.3, 0.1))]))[0]
            way = np.array([sign(lung.side) * np.cos(angle), np.sin(angle), rng.normal(0, 1.4)])
            way = way / np.linalg.norm(way) * rng.uniform(12, 24) * scale
            radius = rng.uniform(2.2, 3.8) * scale
            wall = (0.8 + 0.9 * self.severity) * scale
            tubes.append(tube([start, start + way], radius, cortex_mm=wall, core=0.0, points=8))
        return project_tubes(lung.grid, tubes, step_pixels=0.5)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Nothing in particular within a lung."""
        return np.zeros(lung.grid.shape, bool)

    def whole_mask(self, masks: Mapping[str, Mask]) -> Mask:
        """Both lungs."""
        return masks["lungs"]
