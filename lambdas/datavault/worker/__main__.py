"""`python -m datavault.worker`: settings from the environment, signals, exit code.

0 when it was told to stop (SIGTERM, SIGINT), 2 when it cannot begin; the log says why.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable

from ..contract import Contracts
from ..edges.events import S3ObjectEvent
from ..identity import UNKNOWN_DATASET
from ..settings import SettingsError
from ..stages.messages import log_outcome, process_message
from ..stages.processor import Outcome, process_object
from . import log, settings
from .consumer import Process, Worker
from .health import Health
from .metrics import Metrics
from .server import serve

logger = logging.getLogger(__name__)


def main() -> int:
    log.configure()
    health, metrics = Health(), Metrics()
    try:
        told = settings.read()
        server = serve(told.host, told.port, health, metrics.registry)
    except (SettingsError, OSError) as error:
        logger.error("cannot begin: %s", error)  # noqa: TRY400  what is wrong stands outside the code
        return 2
    worker = Worker(told.queue_url, processor(told, metrics), metrics, health)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    logger.info("begun", extra={"port": server.server_port})
    is_all_done = worker.run()
    logger.info("stopped")
    if not is_all_done:
        # A thread still works on what was given back. It must not be waited for, nor go on while Python ends around it.
        sys.stdout.flush()
        os._exit(0)
    return 0


def processor(told: settings.Settings, metrics: Metrics) -> Process:
    """What the worker does with a message."""
    contracts = Contracts(told.contracts)

    def started(identity: str) -> None:
        log.object_id.set(identity)

    def process_body(body: str, seconds_left: Callable[[], float]) -> None:
        def process(created: S3ObjectEvent) -> Outcome:
            named = created.raw.dataset
            # A label for each folder that anybody ever wrote to would be one too many.
            dataset = named if named in contracts.datasets() else UNKNOWN_DATASET
            with metrics.work(dataset, created.time) as done:
                outcome = process_object(created, contracts, told.targets, seconds_left, started)
                done(outcome)
            log_outcome(logger, outcome)
            return outcome

        process_message(body, told.held_queue, process)

    return process_body


if __name__ == "__main__":
    sys.exit(main())
