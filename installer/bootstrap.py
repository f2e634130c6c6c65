#!/usr/bin/env python3
"""Set up and start cxrdesk on a machine that has Python and nothing else: see --help.

Any Python can read this file, so that an unsuitable one is refused with a sentence; cxrdesk_setup does the work.
"""

# Python 2 and early 3 know neither pathlib nor f-strings.
# ruff: noqa: PTH110, PTH118, UP032
import os
import sys

SUPPORTED = ((3, 11), (3, 12), (3, 13))


def python_problem(version, is_64_bit):
    """Return why this Python cannot be used, or None."""
    if tuple(version[:2]) in SUPPORTED and is_64_bit:
        return None
    bits = "" if is_64_bit else " with 32 bits"
    wanted = ", ".join("{}.{}".format(*pair) for pair in SUPPORTED)
    return "cxrdesk needs a 64-bit Python, one of {}, and this is {}.{}{}".format(wanted, version[0], version[1], bits)


def suitable_pythons():
    """Return the commands on this machine's PATH that would do, newest first."""
    folders = os.environ.get("PATH", "").split(os.pathsep)

    def found(name):
        return any(os.path.exists(os.path.join(folder, name)) for folder in folders)

    if os.name == "nt":
        # One launcher starts every version there.
        return ["py -{}.{}".format(*SUPPORTED[-1])] if found("py.exe") else []
    names = ["python{}.{}".format(*pair) for pair in reversed(SUPPORTED)]
    return [name for name in names if found(name)]


if __name__ == "__main__":
    problem = python_problem(sys.version_info, sys.maxsize > 2**32)
    if problem:
        advice = " or ".join(suitable_pythons() or ["one of them, once installed"])
        sys.stderr.write("error: {}: run this with {}.\n".format(problem, advice))
        sys.exit(10)
    from cxrdesk_setup.commands import main

    sys.exit(main(sys.argv[1:]))
