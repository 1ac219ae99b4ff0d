"""What the consensus saves: answers on real logs, answers where domains differ, pay where experts cost more.

`bench/overlap.py [LOG.csv …] [--quick] [--json] [--seed N]`. A log has a worker, a task, an answer and a truth in each
line, and may have a domain and a pay.
"""

import sys
from functools import partial
from itertools import takewhile
from pathlib import Path

from _form import main
from _replay import LOG, measure

if __name__ == "__main__":
    named = list(takewhile(lambda argument: not argument.startswith("-"), sys.argv[1:]))
    logs = [Path(name) for name in named] or [LOG]
    sys.exit(main(__doc__.splitlines()[0], partial(measure, logs=logs), sys.argv[1 + len(named) :]))
