"""The README's pictures exist, have the size that their name says, and load fast."""

import re
import struct

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from tests.project import ROOT

FOLDER = ROOT / "docs" / "pictures"
SHOWN = sorted(set(re.findall(r"\]\((docs/pictures/[^)]+)\)", (ROOT / "README.md").read_text())))
MAX_BYTES = 300_000
SIZES = {"desktop": DESKTOP_SIZE, "phone": PHONE_SIZE}


def test_pictures_are_small_and_of_the_size_they_say() -> None:
    for name in SHOWN:
        content = (ROOT / name).read_bytes()
        # https://www.w3.org/TR/png-3/#11IHDR
        assert content[1:4] == b"PNG", name
        width_and_height = struct.unpack(">II", content[16:24])
        assert width_and_height == SIZES[name.rpartition("-")[2][:-4]], name
        assert len(content) < MAX_BYTES, name


def test_each_picture_is_shown() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in sorted(FOLDER.iterdir())] == SHOWN
