"""A JPEG 2000 or HTJ2K codestream cut to its lower resolutions: itself a codestream, small and quick to decode.

No decoder at hand leaves out of a frame what a smaller picture does not need: OpenJPEG reads all packets, and OpenJPH,
which does, never comes back from some broken frames. Where resolutions follow each other in the file (PS3.5 8.2.14
wants RPCL of one kind of HTJ2K; one quality layer is enough of LRCP), the first ones are a whole picture, once the
headers say so (ITU-T T.800 annexes A and B).
"""

from __future__ import annotations

import struct

_SOC, _SIZ, _COD, _QCD, _SOT, _SOD = 0xFF4F, 0xFF51, 0xFF52, 0xFF5C, 0xFF90, 0xFF93
_KEPT = (0xFF50, 0xFF59, 0xFF56)
"""CAP, CPF, PRF: what a decoder has to know; they hold for fewer levels too."""
_DROPPED = (0xFF55, 0xFF57, 0xFF58, 0xFF64)
"""TLM, PLM, PLT, COM: lengths, which change, and words."""
_LRCP, _RLCP, _RPCL = 0, 1, 2
_OWN_PRECINCTS = 0x01
_EOC = b"\xff\xd9"


def cut_to(frame: bytes, levels: int, *, share: float) -> bytes | None:
    """Leave out the finest resolutions of a codestream.

    Parameters
    ----------
    frame : bytes
        From SOC to EOC.
    levels : int
        How often the picture is halved; at least 1.
    share : float
        Of the packets' bytes, from their beginning, that are kept: those of the lower resolutions must be among them,
        which only decoding tells.

    Returns
    -------
    bytes or None
        None where the frame is not of the kind that can be cut so: several tiles, components, tile-parts or layers, an
        order in which resolutions are mixed, fewer levels, or markers that say more.

    Raises
    ------
    struct.error
        If the frame ends within its headers.
    """
    start = frame.find(struct.pack(">HH", _SOC, _SIZ), 0, 4096)
    if start < 0:
        return None
    head, at = [struct.pack(">H", _SOC)], start + 2
    while True:
        marker, length = struct.unpack_from(">HH", frame, at)
        segment = frame[at : at + 2 + length]
        at += 2 + length
        if marker == _SOT:
            break
        if marker == _SIZ:
            made = _size(segment, levels)
        elif marker == _COD:
            made = _coding(segment, levels)
        elif marker == _QCD:
            made = _steps(segment, levels)
        else:
            made = segment if marker in _KEPT else b"" if marker in _DROPPED else None
        if made is None:
            return None
        head.append(made)
    tile, long, part, parts = struct.unpack_from(">HIBB", segment, 4)
    begin = at - len(segment)
    if tile or part or parts > 1 or begin + long < len(frame.rstrip(b"\0")) - len(_EOC):
        return None
    while True:
        (marker,) = struct.unpack_from(">H", frame, at)
        if marker == _SOD:
            break
        if marker not in _DROPPED:
            return None
        at += 2 + struct.unpack_from(">H", frame, at + 2)[0]
    packets = frame[at + 2 : at + 2 + int((begin + long - at - 2) * share)]
    part_head = struct.pack(">HHHIBB", _SOT, 10, 0, 12 + 2 + len(packets), 0, 1)
    return b"".join([*head, part_head, struct.pack(">H", _SOD), packets, _EOC])


def _size(segment: bytes, levels: int) -> bytes | None:
    """SIZ (A.5.1) of one tile of one component, from the origin."""
    marker, length, capability, *numbers, components, depth, dx, dy = struct.unpack(">HHH8IH3B", segment[:43])
    width, height, x, y, tile_width, tile_height, tile_x, tile_y = numbers
    alone = components == 1 and (dx, dy) == (1, 1) and len(segment) == 43
    if not alone or any((x, y, tile_x, tile_y)) or tile_width < width or tile_height < height:
        return None
    width, height = -(-width >> levels), -(-height >> levels)
    made = (width, height, 0, 0, width, height, 0, 0)
    return struct.pack(">HHH8IH3B", marker, length, capability, *made, components, depth, dx, dy)


def _coding(segment: bytes, levels: int) -> bytes | None:
    """COD (A.6.1): fewer decomposition levels, and precincts for each resolution that is left."""
    style, order, layers, _, count = struct.unpack_from(">BBHBB", segment, 4)
    resolutions_first = order in (_RLCP, _RPCL) or (order == _LRCP and layers == 1)
    if not resolutions_first or count < levels:
        return None
    body = bytearray(segment[4:14])
    body[5] = count - levels
    if style & _OWN_PRECINCTS:
        body += segment[14 : 14 + count - levels + 1]
    return struct.pack(">HH", _COD, len(body) + 2) + bytes(body)


def _steps(segment: bytes, levels: int) -> bytes | None:
    """QCD (A.6.4): a step for each band that is left; where one is derived for all, it stays."""
    style = segment[4] & 0x1F
    if style == 1:
        return segment
    each = 1 if style == 0 else 2
    body = segment[4 : len(segment) - 3 * levels * each]
    return struct.pack(">HH", _QCD, len(body) + 2) + body if len(body) > 1 else None
