"""`python -m bench [PART …]`: the parts are the modules beside this one, each with a `main(arguments)`."""

import importlib
import os
import pkgutil
import sys

import bench


def main() -> int:
    parts = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name != "__main__")
    asked = sys.argv[1:] or ["retrieval"]
    if asked[0] not in parts:
        sys.stderr.write(f"Usage: python -m bench PART …, where PART is one of: {', '.join(parts)}\n")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    part = importlib.import_module(f"bench.{asked[0]}")
    return int(part.main(asked[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main())
