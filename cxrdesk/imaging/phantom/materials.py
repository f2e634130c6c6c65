"""Linear attenuation of tissues, for Beer-Lambert projection."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

# Mass attenuation coefficient mu/rho in cm^2/g at these photon energies, and density in g/cm^3: J. H. Hubbell and
# S. M. Seltzer, NIST Standard Reference Database 126 (built on XCOM), table 4 and table 2, tissues of ICRU-44.
_ENERGIES_KEV = (40.0, 50.0, 60.0, 80.0)
_MASS_ATTENUATION = {
    "soft": (0.2688, 0.2264, 0.2048, 0.1823),
    "bone": (0.6655, 0.4242, 0.3148, 0.2229),
}
_DENSITY = {"soft": 1.06, "bone": 1.92}

LUNG_RELATIVE_DENSITY = 0.26
"""Density of inflated lung, in g/cm^3 and so about relative to soft tissue: 0.26 in ICRU Report 44."""


class Material(StrEnum):
    """What a path through the phantom is made of."""

    SOFT = "soft"
    BONE = "bone"


def attenuation_per_mm(material: Material, energy_kev: float) -> float:
    """Linear attenuation coefficient in 1/mm, interpolated log-log between the tabulated energies.

    Parameters
    ----------
    material : Material
    energy_kev : float
        Effective photon energy, 40 to 80 keV.

    Raises
    ------
    ValueError
        If the energy is outside the table.
    """
    if not _ENERGIES_KEV[0] <= energy_kev <= _ENERGIES_KEV[-1]:
        raise ValueError(f"energy_kev must be {_ENERGIES_KEV[0]:g} to {_ENERGIES_KEV[-1]:g}, not {energy_kev:g}")
    log_mass = np.interp(np.log(energy_kev), np.log(_ENERGIES_KEV), np.log(_MASS_ATTENUATION[material]))
    return float(np.exp(log_mass)) * _DENSITY[material] / 10.0
