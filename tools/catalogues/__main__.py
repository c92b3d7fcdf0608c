from __future__ import annotations

from tools.catalogues import OTHERS, compiled, compiled_file, source_file, written

if __name__ == "__main__":
    for each in OTHERS:
        source_file(each).write_bytes(written(each))
        compiled_file(each).write_bytes(compiled(each))
