import sys

from segviz.cli import main

sys.exit(main())
