"""What is seen is what is copied, saved and printed, finer where there is more to show, and never without its line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, QRectF, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QLabel

from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.preprocess import WHOLE_FILM
from cxrdesk.inference.result import Call
from cxrdesk.ui.dialogs.export import ExportDialog, sizes
from cxrdesk.ui.piecework import Pieces, Piecework, at_once
from cxrdesk.ui.printing import new_printer, page_pieces, print_pieces
from cxrdesk.ui.snapshot import Scene, foot_height, largest_ratio, picture_of, picture_pieces, remarks_of
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.tool import MarkStyle
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer


class Dot:
    """A mark of the tests' own."""

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        x, y = geometry.to_screen(100, 100)
        painter.fillRect(QRectF(x - 5, y - 5, 10, 10), QColor("#ff00ff"))


def pixels(image: QImage) -> np.ndarray:
    """(rows, cols, 3) RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return raw[:, : image.width(), :3].copy()


def ended(seat: Seat) -> None:
    """Wait for pictures and prints."""
    seat.qtbot.waitUntil(lambda: not seat.window.pictures.work.busy, timeout=20_000)


@pytest.fixture
def scene(seat: Seat, child_film: Path) -> Scene:
    seat.open(child_film)
    answer(seat, lambda digest: scored(digest, 0.94, Call.POSITIVE))
    seat.window.film.set_marks([Dot()])
    seat.settle()
    return Scene.of(seat.window.film, [seat.window.film])


def test_the_picture_is_the_screen_with_a_line_below(seat: Seat, scene: Scene) -> None:
    seat.window.studies.view.setFocus()  # the focus' frame is no part of it
    seat.settle()
    view = seat.window.film
    seen, drawn = pixels(view.grab().toImage()), pixels(picture_of(scene, ratio=1.0))
    rows, cols = seen.shape[:2]
    assert drawn.shape[1] == cols
    assert drawn.shape[0] == round(rows + foot_height(cols, []))
    differs = np.abs(seen.astype(int) - drawn[:rows].astype(int)).max(axis=2)
    assert (differs > 8).mean() < 0.004  # antialiasing of texts, which stand between two rows
    foot = drawn[rows:]
    assert (foot.max(axis=2) > 200).sum() > 200  # something is written there


def test_a_finer_picture_shows_more_of_the_film(seat: Seat, scene: Scene) -> None:
    view = seat.window.film
    view.set_layers(None, None, 0.4)
    view.set_marks([])
    view.set_corners(
        replace(view.corners, upper_left=(), upper_right=(), badge=None, window=False, zoom=False, scale=False)
    )
    ratio = 1 / view.geometry_.scale  # a pixel of the film for each of the picture
    drawn = pixels(picture_of(scene, ratio=ratio))[..., 0].astype(float)
    enlarged = pixels(picture_of(scene, ratio=0.25))[..., 0]
    film = view.loaded.radiograph
    expected = apply_table(film.stored, display_table(film, view.windowing.voi)).astype(float)
    x, y, _, _ = (round(value * ratio) for value in view.geometry_.screen_rect(WHOLE_FILM))
    part = drawn[max(y, 0) : y + film.shape[0], x : x + film.shape[1]]
    expected = expected[: part.shape[0], : part.shape[1]]
    assert np.abs(part - expected).mean() < 1.0
    assert enlarged.size < drawn.size / 10


def test_overlays_marks_and_corners_are_in_it_at_every_size(seat: Seat, scene: Scene) -> None:
    view = seat.window.film
    for ratio in (1.0, 2.0, 3.5):
        drawn = pixels(picture_of(scene, ratio=ratio))
        x, y = (round(value * ratio) for value in view.geometry_.to_screen(100, 100))
        assert tuple(drawn[y, x]) == (255, 0, 255)
        left = drawn[: round(90 * ratio), : round(200 * ratio)]
        assert (left.min(axis=2) > 180).sum() > 100 * ratio**2  # the name
        cyan = (drawn[..., 2] > 200) & (drawn[..., 0] < 150) & (drawn[..., 1] > 170)
        assert cyan.sum() > 200 * ratio  # the lungs' outline


def test_what_must_be_said_names_maps_and_outlines(scene: Scene) -> None:
    told = remarks_of(scene)
    assert any(text.startswith("Outline: Lung outlines (Evidence: internal") for text in told)
    assert any(text.startswith("Map: Pneumonia: Pneumonia in children (Evidence: internal") for text in told)


@pytest.mark.parametrize(("name", "kind"), [("film.png", "PNG"), ("film.jpg", "JPEG"), ("FILM.JPEG", "JPEG")])
def test_saving(seat: Seat, scene: Scene, tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    drawn = pixels(picture_of(scene, ratio=2.0, remarks=remarks_of(scene)))
    seat.window.pictures.save(path, scene, 2.0)
    ended(seat)
    with Image.open(path) as image:
        assert image.format == kind
        assert image.mode == "RGB"
        assert image.size[0] == 2 * seat.window.film.width()
        assert "exif" not in image.info
        read = np.asarray(image)
    assert np.abs(read.astype(int) - drawn.astype(int)).mean() < (0.001 if kind == "PNG" else 3)
    assert seat.window.bar.text.startswith(f"The picture was saved as {name}, ")
    assert b"Phantom" not in path.read_bytes()


def test_saving_says_what_went_wrong(seat: Seat, scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "film.gif").write_bytes(b"mine")
    seat.window.pictures.save(tmp_path / "film.gif", scene, 1.0)
    assert seat.window.bar.text == "Pictures are saved as .png or .jpg; choose another name."
    assert (tmp_path / "film.gif").read_bytes() == b"mine"
    seat.window.pictures.save(tmp_path / "missing" / "film.png", scene, 1.0)
    ended(seat)
    assert "could not be saved" in seat.window.bar.text


def test_copying(seat: Seat, scene: Scene) -> None:
    expected = pixels(picture_of(scene, ratio=1.0, remarks=remarks_of(scene)))
    seat.window.action("copy").trigger()
    assert np.array_equal(pixels(QGuiApplication.clipboard().image()), expected)
    text = next(label for label in seat.window.findings.findChildren(QLabel) if "0.940" in label.text())
    text.setFocus()
    text.setSelection(0, 5)
    seat.window.action("copy").trigger()
    assert QGuiApplication.clipboard().text() == text.text()[:5]


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_said_of_names_is_true(make_seat: Callable[..., Seat], child_film: Path, masked: bool) -> None:
    seat = make_seat(mask_names=masked)
    seat.open(child_film)
    seat.window.action("copy").trigger()
    assert ("names in the corners are masked" in seat.window.bar.text) is masked
    assert ("names that are shown" in seat.window.bar.text) is not masked
    seat.window.action("export").trigger()
    (dialog,) = seat.window.findChildren(ExportDialog)
    told = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert ("Mask names first" in told) is not masked
    assert ("Names are masked in the corners" in told) is masked
    dialog.reject()


def test_sizes_and_memory(seat: Seat, scene: Scene) -> None:
    view = seat.window.film
    names = dict(sizes(scene, 1.0))
    assert names["Every pixel of the film"] == pytest.approx(1 / view.geometry_.scale)
    assert largest_ratio(QRectF(0, 0, 1000, 1000).size(), 100) == pytest.approx(80_000_000**0.5 / 1000)
    dialog = ExportDialog(scene, 1.0, seat.window, masked=False)
    assert dialog.ratio == 1.0
    first = dialog.size_.itemText(0)
    width, height = map(int, re.findall(r"\d+", first))
    picture = picture_of(scene, ratio=1.0, remarks=remarks_of(scene))
    assert (picture.width(), picture.height()) == (width, height)
    dialog.deleteLater()


def test_printing_to_a_file(scene: Scene, tmp_path: Path) -> None:
    printer = new_printer(scene)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "film.pdf"))
    assert at_once(print_pieces(printer, scene))
    content = (tmp_path / "film.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
    assert b"Phantom" not in content  # of the names: they are pixels, and the job's own name tells none
    widths = [int(number) for number in re.findall(rb"/Width (\d+)", content)]
    assert max(widths) > 3000  # A4 at 600 dpi, less the margins


def test_a_pdf_that_was_cut_by_a_full_disk_was_not_taken(scene: Scene, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    printer = new_printer(scene)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "film.pdf"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, before[1]))  # no file grows beyond, as on a full disk
    try:
        assert at_once(print_pieces(printer, scene)) is False
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("page", [QRectF(0, 0, 2000, 2800), QRectF(0, 0, 2800, 1000)])
def test_a_page_shows_all_of_it(scene: Scene, page: QRectF) -> None:
    paper = QImage(int(page.width()), int(page.height()), QImage.Format.Format_RGB32)
    paper.fill(0xFFFFFFFF)
    painter = QPainter(paper)
    place = at_once(page_pieces(painter, page, scene, dpi=300))
    painter.end()
    assert page.contains(place)
    assert place.width() > page.width() * 0.98 or place.height() > page.height() * 0.98
    picture = picture_of(scene, ratio=1.0, remarks=remarks_of(scene))
    assert place.width() / place.height() == pytest.approx(picture.width() / picture.height(), rel=0.01)
    outside = pixels(paper)
    outside[int(place.top()) : int(place.bottom()) + 2, int(place.left()) : int(place.right()) + 2] = 255
    assert (outside == 255).all()


def test_several_films_stand_where_they_stand_on_the_screen(make_seat: Callable[..., Seat], child_film: Path) -> None:
    seat = make_seat()
    seat.open(child_film)
    view = seat.window.film
    scene = Scene(views=((view, QRect(0, 0, view.width(), view.height())), (view, QRect(900, 0, 500, 300))))
    drawn = pixels(picture_of(scene, ratio=0.5))
    assert drawn.shape[1] == 700
    alone = pixels(picture_of(Scene(views=((view, QRect(0, 0, 500, 300)),)), ratio=0.5))
    assert np.array_equal(drawn[:150, 450:700], alone[:150, :250])


@pytest.mark.qt_log_ignore("QPainter::begin", "propagateSizeHints", extend=True)  # of a file that cannot be written
def test_the_print_dialog_opens_and_prints(seat: Seat, scene: Scene, tmp_path: Path) -> None:
    seat.window.action("print").trigger()
    dialog = seat.window.findChildren(QPrintDialog)[-1]
    assert dialog.isVisible()
    printer = dialog.printer()
    assert printer.docName() == "cxrdesk film"  # everybody sees the queue
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(tmp_path / "film.pdf"))
    dialog.accepted.emit(printer)
    ended(seat)
    assert (tmp_path / "film.pdf").stat().st_size > 10_000
    assert seat.window.bar.text == "The film was sent to the printer."
    printer.setOutputFileName(str(tmp_path / "missing" / "film.pdf"))
    dialog.accepted.emit(printer)
    ended(seat)
    assert seat.window.bar.text == "The printer did not take the film; choose another one."
    dialog.reject()


def test_without_a_film_there_is_nothing_to_print(seat: Seat) -> None:
    for key in ("print", "copy", "export", "header"):
        assert not seat.window.action(key).isEnabled()


def test_without_a_printer_a_file_and_not_a_folder_is_proposed(scene: Scene) -> None:
    from PySide6.QtPrintSupport import QPrinterInfo

    if QPrinterInfo.availablePrinterNames():
        pytest.skip("this machine has a printer")
    assert Path(new_printer(scene).outputFileName()).name == "cxrdesk-film.pdf"


def test_pieces_make_the_picture_that_one_piece_makes(
    seat: Seat, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.window.film.zoom(2)
    seat.window.film.turn(90)
    whole = picture_of(scene, ratio=1.7, remarks=remarks_of(scene))
    for rows in (1000, 37, 4):
        monkeypatch.setattr("cxrdesk.ui.snapshot._PIECE_PIXELS", whole.width() * rows)
        assert picture_of(scene, ratio=1.7, remarks=remarks_of(scene)) == whole


@pytest.mark.parametrize("dpi", [600, 300])  # a dot for each pixel; fewer
def test_strips_make_the_page_that_one_picture_makes(scene: Scene, dpi: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxrdesk.ui.printing._MOST_DPI", 300)

    def page(pixels_of_strip: int) -> np.ndarray:
        monkeypatch.setattr("cxrdesk.ui.printing._STRIP_PIXELS", pixels_of_strip)
        paper = QImage(1500, 1100, QImage.Format.Format_RGB32)
        paper.fill(0xFFFFFFFF)
        painter = QPainter(paper)
        at_once(page_pieces(painter, QRectF(0, 0, 1500, 1100), scene, dpi=dpi))
        painter.end()
        return pixels(paper).astype(int)

    differs = np.abs(page(100_000) - page(10**9)).max(axis=2)
    if dpi == 300:
        assert differs.max() == 0
    else:  # between two strips a dot is mixed of a row less
        assert (differs > 0).mean() < 0.02
        assert differs.mean() < 0.05


def counted(pieces: Pieces[object], beats: list[int], seen: list[int]) -> Pieces[object]:
    """The same, and how often the loop had turned before each piece."""
    while True:
        seen.append(beats[0])
        try:
            work = next(pieces)
        except StopIteration as end:
            return end.value
        yield work


@pytest.mark.parametrize("way", ["save", "print"])
def test_the_window_goes_on_while_a_picture_is_made(
    seat: Seat, scene: Scene, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxrdesk.ui.snapshot._PIECE_PIXELS", 200_000)
    monkeypatch.setattr("cxrdesk.ui.printing._STRIP_PIXELS", 200_000)
    beats, seen, results = [0], list[int](), list[object]()
    heart = QTimer()
    heart.timeout.connect(lambda: beats.__setitem__(0, beats[0] + 1))
    heart.start(0)
    work = Piecework(seat.window)
    if way == "save":
        pieces: Pieces[object] = picture_pieces(scene, ratio=2.0)
    else:
        printer = new_printer(scene)
        printer.setResolution(150)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(tmp_path / "film.pdf"))
        pieces = print_pieces(printer, scene)
    work.start(counted(pieces, beats, seen), results.append)
    # What the reader does meanwhile is not in it.
    seat.window.film.invert(True)
    seat.qtbot.waitUntil(lambda: not work.busy, timeout=20_000)
    heart.stop()
    assert len(seen) > 10
    assert all(later > before for before, later in itertools.pairwise(seen))
    if way == "save":
        assert isinstance(results[0], QImage)
        assert results[0] != picture_of(scene, ratio=2.0)
        seat.window.film.invert(False)
        assert results[0] == picture_of(scene, ratio=2.0)
    else:
        assert results == [True]


def test_a_picture_is_of_what_was_seen_when_it_was_asked_for(seat: Seat, scene: Scene, tmp_path: Path) -> None:
    wanted = [pixels(picture_of(scene, ratio=1.0, remarks=remarks_of(scene)))]
    seat.window.pictures.save(tmp_path / "0.png", scene, 1.0)
    seat.window.film.invert(True)
    wanted.append(pixels(picture_of(scene, ratio=1.0, remarks=remarks_of(scene))))
    seat.window.pictures.save(tmp_path / "1.png", scene, 1.0)
    seat.window.film.turn(90)  # before the one was written, or the other begun
    ended(seat)
    for number, picture in enumerate(wanted):
        assert (np.asarray(Image.open(tmp_path / f"{number}.png").convert("RGB")) == picture).all()


def test_what_was_begun_is_ended_before_the_window_closes(seat: Seat, scene: Scene, tmp_path: Path) -> None:
    for number in range(2):
        seat.window.pictures.save(tmp_path / f"{number}.png", scene, 2.0)
    seat.desk.shutdown()
    for number in range(2):
        with Image.open(tmp_path / f"{number}.png") as image:
            image.load()


@pytest.mark.warns
def test_a_mistake_in_a_thread_is_told_and_the_next_work_is_done(
    seat: Seat, scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> str:
        raise RuntimeError("wrong")

    with monkeypatch.context() as patch:
        patch.setattr("cxrdesk.ui.picture_door._write", wrong)
        seat.window.pictures.save(tmp_path / "a.png", scene, 1.0)
        ended(seat)
    assert "made a mistake with a picture (RuntimeError)" in seat.window.bar.text
    seat.window.pictures.save(tmp_path / "b.png", scene, 1.0)
    ended(seat)
    assert (tmp_path / "b.png").exists()
