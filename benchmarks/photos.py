"""Photos: how many of a folder's pictures `portillon decode` reads, and how many it reads wrong.

Law: a picture's truth is beside it, `NAME.bin` (bytes) or `NAME.txt` (UTF-8). A picture is *read* when a code of
its truth is among the answers, *wrong* when there are answers and none is the truth. *Others* are further codes:
in a folder without truth files there must be none.

Use: `python benchmarks/photos.py FOLDER [--formats all] [--agreement] [--json FILE]`; FOLDER holds folders.

Source: docs/decoding.md, "Measured".
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter

import cv2

from hardware.pictures import list_pictures, load_grey
from scanner.reading.decode_file import PictureReport, read_picture
from scanner.reading.linear_values import is_same_value, printed_as
from scanner.reading.second_opinion import ZbarProcess
from scanner.reading.symbologies import LINEAR_FORMATS, parse_formats
from scanner.reading.zxing_reader import Look, build_formats, payload_of, read_symbols, symbology_of

PROCESSES = 2
ZBAR_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """One folder's result."""

    folder: str
    photos: int
    read: int
    wrong: int
    others: int
    mean_ms: float
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What each decoder makes of the bars in a folder, looking once at each picture as it is.

    Args:
        zxing, zbar, both: (right, wrong) readings; `both` counts values that the two agree on.
    """

    folder: str
    zxing: tuple[int, int]
    zbar: tuple[int, int]
    both: tuple[int, int]


def load_truth(picture: Path) -> bytes | None:
    """The bytes that the picture holds; None when nothing is known."""
    for suffix in (".bin", ".txt"):
        path = picture.with_suffix(suffix)
        if path.exists():
            return path.read_bytes()
    return None


def right_and_wrong(report: PictureReport, truth: bytes | None) -> tuple[int, int]:
    """How many of the codes are the truth, and how many are not."""
    right = sum(
        truth is not None and truth in (candidate.payload, (reading.text or "").encode())
        for candidate, reading in report.verdict.believed
    )
    return right, len(report.candidates) - right


def measure(folder: Path, formats: tuple[str, ...]) -> Row:
    """Read every picture of a folder."""
    cv2.setNumThreads(1)
    opinion = ZbarProcess(ZBAR_LIMIT_S)
    read = wrong = others = 0
    times_ms, misses = [], []
    for picture in list_pictures(folder):
        grey, truth = load_grey(picture), load_truth(picture)
        if grey is None:
            continue
        began_s = perf_counter()
        report = read_picture(grey, formats, opinion)
        times_ms.append(1000 * (perf_counter() - began_s))
        right, not_right = right_and_wrong(report, truth)
        read += right > 0
        wrong += truth is not None and not right and not_right > 0
        others += not_right if right or truth is None else 0
        if truth is not None and not right:
            misses.append(picture.name)
    opinion.close()
    return Row(
        folder.name, len(times_ms), read, wrong, others, round(mean(times_ms), 1), tuple(misses)
    )


def compare(folder: Path) -> Agreement:
    """One look of each decoder at every picture of bars."""
    opinion = ZbarProcess(ZBAR_LIMIT_S)
    zxing, zbar, both = [0, 0], [0, 0], [0, 0]
    for picture in list_pictures(folder):
        grey, truth = load_grey(picture), load_truth(picture)
        if grey is None or truth is None:
            continue
        symbols = read_symbols(grey, build_formats(LINEAR_FORMATS), Look())
        named = [(symbology_of(symbol) or "", payload_of(symbol)) for symbol in symbols]
        first = {printed_as(*symbol, LINEAR_FORMATS) for symbol in named}
        second = {
            printed_as(reading.symbology, reading.payload, LINEAR_FORMATS)
            for reading in opinion.read(grey, LINEAR_FORMATS) or ()
        }
        agreed = {mine for mine in first if any(_is_same(mine, theirs) for theirs in second)}
        for found, tally in ((first, zxing), (second, zbar), (agreed, both)):
            for name, payload in found:
                tally[not _is_true(name, payload, truth)] += 1
    opinion.close()
    return Agreement(folder.name, (zxing[0], zxing[1]), (zbar[0], zbar[1]), (both[0], both[1]))


def _is_same(mine: tuple[str, bytes], theirs: tuple[str, bytes]) -> bool:
    return mine[0] == theirs[0] and is_same_value(mine[0], mine[1], theirs[1])


def _is_true(name: str, payload: bytes, truth: bytes) -> bool:
    return payload.decode("latin-1").encode() == truth or is_same_value(name, truth, payload)


def folders_of(root: Path) -> list[Path]:
    """The folders with pictures, or the folder itself."""
    below = sorted(path for path in root.iterdir() if path.is_dir() and list_pictures(path))
    return below or [root]


def table(rows: list[Row]) -> Iterator[str]:
    """The lines of the table."""
    yield f"{'folder':<20} {'photos':>6} {'read':>6} {'wrong':>6} {'others':>6} {'mean ms':>8}  not read"
    for row in rows:
        misses = " ".join(row.misses[:8])
        yield (
            f"{row.folder:<20} {row.photos:>6} {row.read:>6} {row.wrong:>6} {row.others:>6}"
            f" {row.mean_ms:>8.1f}  {misses}"
        )
    photos, read = sum(row.photos for row in rows), sum(row.read for row in rows)
    yield f"{'all':<20} {photos:>6} {read:>6} {sum(row.wrong for row in rows):>6}"


def main(arguments: list[str]) -> None:
    """Print the table; write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--formats", default="all")
    parser.add_argument("--agreement", action="store_true", help="what a second decoder buys")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(arguments)
    folders = folders_of(asked.folder)
    with ProcessPoolExecutor(PROCESSES) as pool:
        if asked.agreement:
            results = list(pool.map(compare, folders))
            print(f"{'folder':<20} {'zxing-cpp':>12} {'zbar':>12} {'agreed':>12}   right/wrong")
            for result in results:
                cells = (f"{r}/{w}" for r, w in (result.zxing, result.zbar, result.both))
                print(f"{result.folder:<20} " + " ".join(f"{cell:>12}" for cell in cells))
        else:
            formats = parse_formats(asked.formats)
            results = list(pool.map(measure, folders, [formats] * len(folders)))
            print("\n".join(table(results)))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
