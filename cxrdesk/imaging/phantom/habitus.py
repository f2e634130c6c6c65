"""Body proportions at an age.

Sizes are in units of the chest: u across (1 = half of the largest inner chest width), v down (0 = lung apex,
1 = costophrenic angle), w in depth (1 = half of the largest inner depth). So one drawing serves every age.

Sources of what differs between the two bodies:

- Ribs more horizontal, domes and sternal heads of the clavicles higher, section rounder in the young child: Openshaw,
  Edwards, Helms, Thorax 39 (1984) 624; Weaver, Schoell, Stitzel, J. Anat. 225 (2014) 246.
- Cardiothoracic ratio: below 0.5 in the adult PA film; up to 0.55 is accepted on a small child's AP film, where a
  short distance and the thymus add to the heart (Caffey's Pediatric Diagnostic Imaging, "Normal chest").
- Chest width: mean inner width on adult PA films is about 28 cm; a three-year-old's chest circumference is about
  half of a metre (Snyder, Schneider, Owings et al., Anthropometry of Infants, Children and Youths, UM-HSRI-77-17).
- Outlines were drawn so that the projection has the proportions of published normal films of that age.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Profile = tuple[tuple[float, float], ...]
"""(v, value) knots of a smooth curve down the body."""


def moved(profile: Profile, by: float) -> Profile:
    """A profile with `by` added to every value."""
    return tuple((v, value + by) for v, value in profile)


def scaled(profile: Profile, by: float) -> Profile:
    """A profile with every value multiplied."""
    return tuple((v, value * by) for v, value in profile)


@dataclass(frozen=True, kw_only=True)
class Habitus:
    """Proportions of one body; see the module for units.

    Parameters
    ----------
    half_width_mm, height_mm, half_depth_mm : float
        Units of u, v and w in mm at the detector.
    field_top_v, field_width_u : float
        Upper edge of the exposed field (v) and its whole width (u).
    body, body_depth : Profile
        Half-width (u) and half-depth (w) of neck, shoulders and trunk.
    arm : tuple of (u, v)
        Shoulder, middle and far end of the upper arm on the patient's left.
    arm_radius_u : float
    lateral, apex_u : Profile, float
        Outer edge of each lung (u), and u of its apex.
    dome_right, dome_left : tuple of float
        (u, v) of the tops.
    mediastinum_right, mediastinum_left : Profile
        Edges (u); thymus included.
    heart_right, heart_left : Profile
        Borders (u) from the great vessels to the apex.
    aorta, pulmonary_trunk : tuple of float
        (u, v, radius u) of the knob and of the bulge below it.
    spine_u : float
        Half-width of a vertebral body.
    first_vertebra_v, vertebra_step_v : float
        Centre of T1, and the distance from one vertebra to the next.
    rib_drop_v : float
        How far a middle rib falls from the spine to its front end.
    rib_half_height_mm, rib_half_thickness_mm, cortex_mm : float
    rib_front : float
        Share of the way from spine to sternum that is bone; cartilage beyond it is not seen.
    bone_density : float
        Mineral density of bone relative to adult cortical bone.
    clavicle : tuple of (u, v, w)
        Medial end, two bends and lateral end on the patient's left.
    breast_mm : float
        Thickness of the soft tissue in front of the lower chest.
    jaw_v : float or None
        Lower edge of the chin, where the field shows it.
    bowel_gas : int
        Number of gas-filled loops below the stomach.
    medial : float
        Where the lungs end towards the midline, relative to the mediastinum's edge: below 1 they reach before and
        behind it.
    stomach_gas : float
        Size of the stomach's bubble; 0 for none.
    section : float
        Superellipse exponent of the trunk's cross-section: 2 is round, larger is squarer.
    """

    half_width_mm: float
    height_mm: float
    half_depth_mm: float
    field_top_v: float
    field_width_u: float
    body: Profile
    body_depth: Profile
    arm: tuple[tuple[float, float], ...]
    arm_radius_u: float
    lateral: Profile
    apex_u: float
    dome_right: tuple[float, float]
    dome_left: tuple[float, float]
    mediastinum_right: Profile
    mediastinum_left: Profile
    heart_right: Profile
    heart_left: Profile
    aorta: tuple[float, float, float]
    pulmonary_trunk: tuple[float, float, float]
    spine_u: float
    first_vertebra_v: float
    vertebra_step_v: float
    rib_drop_v: float
    rib_half_height_mm: float
    rib_half_thickness_mm: float
    cortex_mm: float
    rib_front: float
    bone_density: float
    clavicle: tuple[tuple[float, float, float], ...]
    breast_mm: float
    jaw_v: float | None
    bowel_gas: int
    medial: float = field(default=1.0, repr=False)
    stomach_gas: float = field(default=1.0, repr=False)
    section: float = field(default=2.5, repr=False)


ADULT = Habitus(
    half_width_mm=140.0,
    height_mm=264.0,
    half_depth_mm=92.0,
    field_top_v=-0.23,
    field_width_u=2.86,
    body=((-0.3, 0.42), (-0.16, 0.46), (-0.08, 0.86), (0.0, 1.24), (0.1, 1.38), (0.3, 1.3), (0.6, 1.2), (1.3, 1.16)),
    body_depth=((-0.3, 0.62), (-0.05, 0.8), (0.15, 1.12), (0.6, 1.32), (1.3, 1.3)),
    arm=((1.36, 0.08), (1.56, 0.45), (1.72, 0.95)),
    arm_radius_u=0.3,
    lateral=(
        (0.0, 0.38),
        (0.035, 0.57),
        (0.08, 0.7),
        (0.15, 0.81),
        (0.26, 0.9),
        (0.56, 0.99),
        (0.85, 1.0),
        (1.0, 0.985),
    ),
    apex_u=0.38,
    dome_right=(-0.44, 0.8),
    dome_left=(0.5, 0.845),
    mediastinum_right=((0.0, 0.2), (0.2, 0.19), (0.45, 0.19), (0.9, 0.14)),
    mediastinum_left=((0.0, 0.18), (0.15, 0.18), (0.3, 0.18), (0.45, 0.18), (0.9, 0.13)),
    heart_right=((0.36, 0.1), (0.46, 0.2), (0.6, 0.29), (0.72, 0.31), (0.86, 0.26), (0.98, 0.1)),
    heart_left=(
        (0.36, 0.14),
        (0.46, 0.28),
        (0.56, 0.385),
        (0.66, 0.5),
        (0.76, 0.575),
        (0.84, 0.59),
        (0.92, 0.54),
        (1.0, 0.3),
    ),
    aorta=(0.12, 0.29, 0.13),
    pulmonary_trunk=(0.13, 0.43, 0.15),
    spine_u=0.125,
    first_vertebra_v=-0.04,
    vertebra_step_v=0.096,
    rib_drop_v=0.4,
    rib_half_height_mm=6.6,
    rib_half_thickness_mm=3.6,
    cortex_mm=1.1,
    rib_front=0.8,
    bone_density=0.85,
    clavicle=((0.13, 0.15, 0.8), (0.45, 0.09, 0.75), (0.85, -0.015, 0.2), (1.16, -0.02, 0.0)),
    breast_mm=12.0,
    jaw_v=None,
    bowel_gas=2,
)
"""An adult of average build."""

CHILD_3_YEARS = Habitus(
    half_width_mm=86.0,
    height_mm=122.0,
    half_depth_mm=64.0,
    field_top_v=-0.3,
    field_width_u=2.62,
    body=((-0.4, 0.5), (-0.2, 0.5), (-0.1, 0.68), (0.0, 0.95), (0.14, 1.1), (0.35, 1.13), (0.6, 1.12), (1.4, 1.1)),
    body_depth=((-0.4, 0.7), (-0.1, 0.76), (0.2, 1.05), (0.6, 1.18), (1.4, 1.16)),
    arm=((0.98, 0.06), (1.14, -0.12), (1.22, -0.5)),
    arm_radius_u=0.24,
    lateral=(
        (0.0, 0.34),
        (0.03, 0.48),
        (0.1, 0.63),
        (0.19, 0.76),
        (0.32, 0.86),
        (0.59, 0.955),
        (0.85, 0.995),
        (1.0, 1.0),
    ),
    apex_u=0.34,
    dome_right=(-0.42, 0.825),
    dome_left=(0.46, 0.86),
    mediastinum_right=((0.0, 0.18), (0.2, 0.2), (0.4, 0.21), (0.9, 0.16)),
    mediastinum_left=((0.0, 0.17), (0.15, 0.2), (0.3, 0.24), (0.45, 0.22), (0.9, 0.15)),
    heart_right=((0.3, 0.1), (0.4, 0.22), (0.58, 0.31), (0.7, 0.34), (0.84, 0.3), (0.98, 0.1)),
    heart_left=(
        (0.22, 0.12),
        (0.32, 0.28),
        (0.46, 0.42),
        (0.6, 0.55),
        (0.72, 0.64),
        (0.82, 0.66),
        (0.9, 0.62),
        (1.0, 0.4),
    ),
    aorta=(0.14, 0.28, 0.11),
    pulmonary_trunk=(0.19, 0.41, 0.14),
    spine_u=0.14,
    first_vertebra_v=-0.05,
    vertebra_step_v=0.098,
    rib_drop_v=0.31,
    rib_half_height_mm=3.9,
    rib_half_thickness_mm=2.1,
    cortex_mm=0.75,
    rib_front=0.72,
    bone_density=0.7,
    clavicle=((0.12, 0.09, 0.75), (0.4, 0.015, 0.7), (0.72, -0.08, 0.2), (0.98, -0.13, 0.0)),
    breast_mm=0.0,
    jaw_v=-0.16,
    bowel_gas=4,
)
"""A child of three years."""

CHILD_CLOSE = replace(
    CHILD_3_YEARS,
    field_top_v=-0.16,
    field_width_u=2.62,
    body=scaled(CHILD_3_YEARS.body, 0.95),
    dome_right=(-0.42, 0.775),
    dome_left=(0.46, 0.805),
    bone_density=1.15,
    cortex_mm=0.9,
    rib_drop_v=0.42,
)
"""The same child on a film as collections of such films show it: a close field, little soft tissue, dense ribs."""

ADULT_ROOMY = replace(
    ADULT,
    field_top_v=-0.2,
    field_width_u=3.15,
    body=scaled(ADULT.body, 1.14),
    dome_right=(-0.44, 0.755),
    dome_left=(0.5, 0.795),
)
"""An adult as collections of hospital films show them: less deeply inspired, flesh to the field's edges."""
