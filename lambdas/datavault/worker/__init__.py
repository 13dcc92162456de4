"""The worker: the processor as a long-running process, for raw objects that are too large for a function.

`python -m datavault.worker` reads the queue of large objects, one message at a time, and does with each object what the
function does (`stages.processor.process_object`), without the function's time limit. docs/operations/worker.md.
"""
