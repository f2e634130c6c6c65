"""How the set-up speaks to its user: lines of progress, and failures of one sentence with an exit code."""

PYTHON, LIBRARIES, NETWORK, DISK, PACKAGES, KIT, STOPPED = 10, 11, 12, 13, 14, 15, 130

EXIT_CODES = """\
exit codes:
  0    done; after `run`, any code below 10 is the application's own
  1    `test`: at least one step failed
  2    wrong use of this command
  10   this Python cannot be used (version, 32 bits, or no venv module)
  11   system libraries are missing and could not be installed
  12   the package index could not be reached
  13   the disk is full, or the folder cannot be written
  14   a package could not be found or installed
  15   the kit is damaged, incomplete, or made for another machine
  130  stopped with Ctrl-C; the same command goes on from there
"""


class SetupError(Exception):
    """A failure that the user can act on: `code` is the exit code, the text one sentence with what to do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)
