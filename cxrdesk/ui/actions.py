"""Every action of the window with the keys it comes with: one table, from which all else is made.

Menus, tool bar, help and the dialog of keys. A new action is a row here and a handler in `cxrdesk.ui.handlers`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """One action.

    Parameters
    ----------
    key : str
        Name in the code.
    keys : tuple of str
        Shortcuts that it comes with, at most two; the first is shown. The reader may choose others.
    short : str
        Text in the tool bar; empty to leave it out there.
    film : bool
        Whether it is enabled only while a film is on the screen.
    apart : bool
        Whether a line stands above it in the menu, and left of it in the tool bar.
    """

    key: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    short: str = ""
    checkable: bool = False
    film: bool = False
    apart: bool = False

    @property
    def name(self) -> str:
        """Its text without the menu's marks: ``"Open files"``."""
        return self.text.replace("&", "").rstrip("…")


ACTIONS = (
    ActionSpec(key="open", menu="&File", text="&Open files…", keys=("Ctrl+O",), short="Open", tip="Open films"),
    ActionSpec(key="open_folder", menu="&File", text="Open &folder…", keys=("Ctrl+Shift+O",)),
    ActionSpec(key="report", menu="&File", text="Save &report…", keys=("Ctrl+S",)),
    ActionSpec(key="export", menu="&File", text="Save &picture…", keys=("Ctrl+E",), film=True),
    ActionSpec(key="copy", menu="&File", text="Cop&y picture", keys=("Ctrl+C",), film=True),
    ActionSpec(key="print", menu="&File", text="Prin&t…", keys=("Ctrl+P",), film=True),
    ActionSpec(key="header", menu="&File", text="&DICOM header…", keys=("Ctrl+I",), film=True),
    ActionSpec(key="close", menu="&File", text="&Close all films", keys=("Ctrl+W",), apart=True),
    ActionSpec(key="settings", menu="&File", text="&Settings…", keys=("Ctrl+,",)),
    ActionSpec(key="shortcuts", menu="&File", text="S&hortcuts…", keys=("Ctrl+Alt+K",), tip="Give actions other keys"),
    ActionSpec(key="quit", menu="&File", text="&Quit", keys=("Ctrl+Q",), apart=True),
    ActionSpec(key="previous", menu="Fil&m", text="&Previous film", keys=("PgUp",), short="Previous", apart=True),
    ActionSpec(key="next", menu="Fil&m", text="&Next film", keys=("PgDown",), short="Next"),
    ActionSpec(key="frame_previous", menu="Fil&m", text="P&revious frame", keys=("Ctrl+PgUp",), film=True),
    ActionSpec(key="frame_next", menu="Fil&m", text="N&ext frame", keys=("Ctrl+PgDown",), film=True),
    ActionSpec(key="run", menu="Fil&m", text="&Run the detectors again", keys=("F5",), film=True, apart=True),
    ActionSpec(key="cancel", menu="Fil&m", text="&Cancel the running job", keys=("Ctrl+.",)),
    ActionSpec(
        key="fit",
        menu="&View",
        text="&Fit",
        keys=("F",),
        short="Fit",
        tip="Show the whole film (double click)",
        film=True,
        apart=True,
    ),
    ActionSpec(
        key="actual",
        menu="&View",
        text="&One to one",
        keys=("0",),
        short="1:1",
        tip="One film pixel on one screen pixel",
        film=True,
    ),
    ActionSpec(key="zoom_in", menu="&View", text="Zoom &in", keys=("+", "="), film=True),
    ActionSpec(key="zoom_out", menu="&View", text="Zoom o&ut", keys=("-",), film=True),
    ActionSpec(key="turn_left", menu="&View", text="Turn to the &left", keys=("[",), film=True, apart=True),
    ActionSpec(key="turn_right", menu="&View", text="Turn to the ri&ght", keys=("]",), film=True),
    ActionSpec(
        key="mirror", menu="&View", text="Flip left and ri&ght", keys=("Shift+F",), tip="As in a mirror", film=True
    ),
    ActionSpec(key="upright", menu="&View", text="As store&d", tip="Neither turned nor flipped", film=True),
    ActionSpec(
        key="magnify",
        menu="&View",
        text="&Magnifying glass",
        keys=("Z",),
        checkable=True,
        tip="A glass under the cursor",
        film=True,
    ),
    ActionSpec(
        key="invert",
        menu="&View",
        text="In&vert",
        keys=("I",),
        short="Invert",
        checkable=True,
        tip="Swap black and white",
        film=True,
        apart=True,
    ),
    ActionSpec(
        key="reset",
        menu="&View",
        text="&Reset window",
        keys=("R",),
        short="Reset",
        tip="The window that the film came with",
        film=True,
    ),
    ActionSpec(
        key="mask",
        menu="&View",
        text="&Lung outline",
        keys=("L",),
        short="Lungs",
        checkable=True,
        tip="Outline of the lungs",
        apart=True,
    ),
    ActionSpec(
        key="saliency",
        menu="&View",
        text="Saliency &map",
        keys=("H",),
        short="Saliency",
        checkable=True,
        tip="Where the detector looked",
    ),
    ActionSpec(
        key="tint",
        menu="&View",
        text="Lungs &tinted",
        keys=("Shift+L",),
        checkable=True,
        tip="The lungs as a tint in place of an outline",
    ),
    ActionSpec(
        key="contours",
        menu="&View",
        text="Map as &contours",
        keys=("Shift+H",),
        checkable=True,
        tip="The saliency map as lines at shares of its reference, in place of colours",
    ),
    ActionSpec(
        key="mask_names",
        menu="&View",
        text="Mas&k names",
        keys=("N",),
        checkable=True,
        tip="Show and export no name, identifier or birth date",
        apart=True,
    ),
    ActionSpec(
        key="film_menu",
        menu="&View",
        text="Menu o&f the film",
        keys=("Menu", "Shift+F10"),
        tip="What can be done with the film and what is selected on it (right click)",
        film=True,
        apart=True,
    ),
    ActionSpec(
        key="alone",
        menu="&View",
        text="Films al&one",
        keys=("F11",),
        checkable=True,
        tip="Films as large as the window: without studies and findings",
        apart=True,
    ),
    ActionSpec(key="focus_list", menu="&View", text="Go to the s&tudy list", keys=("Ctrl+1",)),
    ActionSpec(key="focus_film", menu="&View", text="Go to the f&ilm", keys=("Ctrl+2",)),
    ActionSpec(key="focus_findings", menu="&View", text="Go to the fi&ndings", keys=("Ctrl+3",)),
    ActionSpec(key="window_1", menu="&Window", text="As &stored", keys=("1",), film=True),
    ActionSpec(key="window_2", menu="&Window", text="&Automatic", keys=("2",), film=True),
    ActionSpec(key="window_3", menu="&Window", text="&Lungs", keys=("3",), film=True),
    ActionSpec(key="window_4", menu="&Window", text="&Bone and mediastinum", keys=("4",), film=True),
    ActionSpec(key="window_5", menu="&Window", text="Soft &tissue", keys=("5",), film=True),
    ActionSpec(key="window_6", menu="&Window", text="&Next stored", keys=("6",), film=True),
    ActionSpec(
        key="window_panel",
        menu="&Window",
        text="&Panel",
        keys=("G",),
        short="Window",
        checkable=True,
        tip="Histogram, numbers and a switch for each table",
        apart=True,
    ),
    ActionSpec(key="gamma_up", menu="&Window", text="Middle bri&ghter (gamma)", keys=("U",), film=True, apart=True),
    ActionSpec(key="gamma_down", menu="&Window", text="Middle &darker (gamma)", keys=("J",), film=True),
    ActionSpec(key="gamma_reset", menu="&Window", text="N&o gamma", keys=("Shift+R",), film=True),
    ActionSpec(
        key="states",
        menu="&Window",
        text="Pr&esentation state…",
        keys=("D",),
        tip="Show the film as a presentation state that was stored with it, or as its own file wants it",
        film=True,
        apart=True,
    ),
    ActionSpec(
        key="layout",
        menu="&Layout",
        text="&Next layout",
        keys=("Ctrl+L",),
        short="Layout",
        tip="One film, two or four: this film with its prior, and their laterals below",
        film=True,
        apart=True,
    ),
    ActionSpec(key="layout_one", menu="&Layout", text="&One film", film=True),
    ActionSpec(key="layout_two", menu="&Layout", text="&Two films", film=True),
    ActionSpec(key="layout_four", menu="&Layout", text="&Four films", film=True),
    ActionSpec(
        key="pair_prior",
        menu="&Layout",
        text="Film and its &prior",
        keys=("P",),
        tip="This film and the newest older one of the patient, side by side",
        film=True,
        apart=True,
    ),
    ActionSpec(key="pair_side", menu="&Layout", text="Frontal and &lateral", keys=("Shift+P",), film=True),
    ActionSpec(
        key="link",
        menu="&Layout",
        text="Lin&k window and zoom",
        keys=("K",),
        checkable=True,
        tip="Other films are windowed, zoomed and moved along",
        apart=True,
    ),
    ActionSpec(
        key="swipe",
        menu="&Layout",
        text="&Swipe the prior over",
        keys=("S",),
        short="Swipe",
        checkable=True,
        tip="The prior, or the film of the other pane, right of a line that you drag",
        film=True,
    ),
    ActionSpec(
        key="blink",
        menu="&Layout",
        text="&Blink with the prior",
        keys=("B",),
        checkable=True,
        tip="Film and prior, or the film of the other pane, by turns in the same place",
        film=True,
    ),
    ActionSpec(
        key="select",
        menu="M&easure",
        text="&Select and move",
        keys=("T",),
        tip="Select, move and change what is drawn; drag elsewhere to window",
        film=True,
        apart=True,
    ),
    ActionSpec(key="length", menu="M&easure", text="&Length", keys=("M",), short="Length", film=True, apart=True),
    ActionSpec(key="angle", menu="M&easure", text="&Angle", keys=("A",), short="Angle", film=True),
    ActionSpec(
        key="ellipse",
        menu="M&easure",
        text="&Ellipse",
        keys=("E",),
        short="Ellipse",
        tip="Mean, deviation and area of an ellipse",
        film=True,
    ),
    ActionSpec(
        key="rectangle",
        menu="M&easure",
        text="&Rectangle",
        keys=("Q",),
        tip="Mean, deviation and area of a rectangle",
        film=True,
    ),
    ActionSpec(key="arrow", menu="M&easure", text="Arro&w", keys=("W",), film=True),
    ActionSpec(key="text", menu="M&easure", text="Te&xt", keys=("X",), film=True),
    ActionSpec(
        key="cardiothoracic",
        menu="M&easure",
        text="&Cardiothoracic ratio",
        keys=("C",),
        short="CTR",
        tip="Cardiothoracic ratio, from the lungs' outline where there is one",
        film=True,
    ),
    ActionSpec(key="undo", menu="M&easure", text="&Undo", keys=("Ctrl+Z",), apart=True),
    ActionSpec(key="redo", menu="M&easure", text="Re&do", keys=("Ctrl+Shift+Z",)),
    ActionSpec(key="edit_text", menu="M&easure", text="Edi&t text of the selected one…", tip="F2 on a drawing"),
    ActionSpec(key="delete", menu="M&easure", text="De&lete the selected one", keys=("Del",)),
    ActionSpec(
        key="state",
        menu="M&easure",
        text="Save as &presentation state…",
        keys=("Ctrl+Shift+S",),
        tip="Window, turn and drawings as a DICOM file that other viewers show with the film",
        film=True,
        apart=True,
    ),
    ActionSpec(key="plugins", menu="&Help", text="&Plugins…", keys=()),
    ActionSpec(key="keys", menu="&Help", text="&Keys and mouse…", keys=("F1",)),
    ActionSpec(key="about", menu="&Help", text="&About cxrdesk…", keys=()),
)

MOUSE = (
    ("Drag", "window: right widens, up brightens"),
    ("Wheel", "zoom at the cursor"),
    ("Middle drag", "pan"),
    ("Space and drag", "pan"),
    ("Double click", "fit"),
    ("Drag the line", "how much of the prior is swiped over the film"),
    ("Right click", "menu of the film and of the drawing under the mouse"),
    ("Drop", "open files or a folder"),
    ("Arrows", "other film"),
    ("Shift and arrows", "pan"),
    ("Ctrl and arrows", "window"),
    ("Drag a drawing", "move it, or change it by its handle"),
    ("Full stop, comma", "next or previous drawing"),
    ("Enter, on a drawing", "take its next handle"),
    ("Arrows, on a drawing", "move it by a film pixel; with shift ten"),
    ("F2, on a drawing", "write its text"),
    ("Enter, with a tool", "draw in the middle"),
    ("Escape", "give up, put the tool down, select nothing"),
)
