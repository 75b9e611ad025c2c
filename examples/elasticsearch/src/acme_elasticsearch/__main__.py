# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Commands of your own go into a module of your own.
"""`python -m` this package: check the target, replay dead letters, print the schema."""

import sys

from ._command.main import main
from .plugin import PLUGIN_METADATA

PROGRAM = "python -m acme_elasticsearch"

sys.exit(main(sys.argv[1:], metadata=PLUGIN_METADATA, program=PROGRAM))
