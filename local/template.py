"""An empty warehouse, kept from one start of the cell to the next.

The BigQuery stand-in takes seconds to create all views. So its files are copied right after that,
before it stores a row. The next start of a cell uses the copy, unless ``sql/`` or the code of the
embedded cell has changed.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from functions.warehouse.schema import SQL


def _folder() -> Path:
    digest = hashlib.sha256()
    for folder, pattern in ((SQL, "**/*.*"), (Path(__file__).parent, "*.py")):
        for path in sorted(folder.glob(pattern)):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    home = Path(tempfile.gettempdir()) / f"watchers-warehouse-{os.getuid()}"
    return home / f"warehouse-{digest.hexdigest()[:16]}"


def restore(data: Path) -> bool:
    """Copy the kept warehouse to a folder that does not exist yet; return False if none is kept."""
    folder = _folder()
    if not folder.is_dir():
        return False
    shutil.copytree(folder, data)
    return True


def keep(data: Path) -> None:
    """Keep the warehouse in a folder for later starts; its tables must be empty."""
    folder = _folder()
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
    shutil.copytree(data, unfinished, dirs_exist_ok=True)
    try:
        unfinished.rename(folder)
    except OSError:  # another start was faster
        shutil.rmtree(unfinished)
