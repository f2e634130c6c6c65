"""Codes of findings are those that DICOM states."""

from __future__ import annotations

import re

import pytest

from cxrdesk.api.terms import FINDINGS, STRUCTURES


def test_keys_are_their_own():
    for table in (FINDINGS, STRUCTURES):
        for key, term in table.items():
            assert term.key == key
            assert term.name
            assert bool(term.snomed_ct) == bool(term.source)


@pytest.mark.parametrize("key", [key for key, term in FINDINGS.items() if "PS3.16" in term.source])
def test_codes_are_those_of_the_standard_s_context_group(key):
    """pydicom makes its tables from PS3.16."""
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts["SCT"]
    term = FINDINGS[key]
    [group] = re.findall(r"CID (\d+)", term.source)
    stated = {code: told for codes in concepts.values() for code, told in codes.items()}
    meaning, groups = stated[term.snomed_ct]
    assert meaning == term.name
    assert int(group) in groups
