"""The Lambda runner by itself: no LocalStack, no network but its own Runtime API."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import MakeEnvironment, eventually

from localcloud.runner import Environment, Function, Invocation, Outcome

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"


def invoke(environment: Environment, event: Any = None, request_id: str = "id-1") -> Outcome:
    return environment.invoke(Invocation(request_id, json.dumps(event).encode(), ARN, "Root=1-2-3"))


def answer(outcome: Outcome) -> Any:
    assert not outcome.is_error, outcome
    return json.loads(outcome.payload)


def error(outcome: Outcome) -> Any:
    assert outcome.is_error, outcome
    return json.loads(outcome.payload)


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_function_answers_its_event_and_knows_its_context(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        def handle(event, context):
            left = context.get_remaining_time_in_millis()
            return {"event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn, "left": left}
        """,
        timeout_seconds=7,
    )
    found = answer(invoke(environment, {"größe": ["é", "日本", "\u0000", 1.5, None]}, "id-7"))
    assert found["event"] == {"größe": ["é", "日本", "\u0000", 1.5, None]}
    assert (found["id"], found["arn"]) == ("id-7", ARN)
    assert 5_000 < found["left"] <= 7_000


def test_the_log_has_start_output_end_and_report(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import logging, os, sys
        print("loading ä")
        def handle(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger().warning("by the logger")
            os.system("echo by a child")
        """
    )
    first, second = invoke(environment, request_id="id-1").log, invoke(environment, request_id="id-2").log
    lines = first.splitlines()
    assert lines[0] == "START RequestId: id-1 Version: $LATEST"
    assert lines[1:4] == ["loading ä", "to stdout", "to stderr"]
    assert "[WARNING]" in lines[4]
    assert "by the logger" in lines[4]
    assert lines[5:7] == ["by a child", "END RequestId: id-1"]
    assert lines[7].startswith("REPORT RequestId: id-1\tDuration: ")
    assert "\tMemory Size: 256 MB\tMax Memory Used: " in lines[7]
    assert "\tInit Duration: " in lines[7]
    assert "loading" not in second
    assert "Init Duration" not in second


def test_with_json_logs_the_platforms_lines_are_json_too(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import logging, os
        def handle(event, context):
            logging.getLogger().warning("by the logger")
            if event: os._exit(1)
        """,
        AWS_LAMBDA_LOG_FORMAT="JSON",
        AWS_LAMBDA_LOG_LEVEL="INFO",
    )
    start, logged, report = map(json.loads, invoke(environment).log.splitlines())
    assert (start["type"], start["record"]) == ("platform.start", {"requestId": "id-1", "version": "$LATEST"})
    assert (logged["level"], logged["message"], logged["requestId"]) == ("WARNING", "by the logger", "id-1")
    assert (report["type"], report["record"]["status"]) == ("platform.report", "success")
    assert report["record"]["metrics"]["memorySizeMB"] == 256
    failed = json.loads(invoke(environment, "now").log.splitlines()[-1])["record"]
    assert (failed["status"], failed["errorType"]) == ("failure", "Runtime.ExitError")


def test_an_error_of_the_function_is_its_answer_and_the_process_lives_on(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import os
        def handle(event, context):
            if event: raise ValueError("schlecht")
            return os.getpid()
        """
    )
    before = answer(invoke(environment))
    failed = error(invoke(environment, "now"))
    assert (failed["errorType"], failed["errorMessage"]) == ("ValueError", "schlecht")
    assert any("handle" in line for line in failed["stackTrace"])
    assert answer(invoke(environment)) == before


def test_a_warm_environment_keeps_process_and_globals(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import os
        count = 0
        def handle(event, context):
            global count
            count += 1
            return [os.getpid(), count]
        """
    )
    first, second = answer(invoke(environment)), answer(invoke(environment))
    assert first[0] == second[0]
    assert (first[1], second[1]) == (1, 2)


def test_environments_work_at_the_same_time(make_environment: MakeEnvironment, tmp_path: Path) -> None:
    # Each waits for the other's file: one after the other they would both time out.
    source = """
        import pathlib, time
        def handle(event, context):
            mine, other = map(pathlib.Path, event)
            mine.touch()
            while not other.exists(): time.sleep(0.01)
        """
    environments = [make_environment(source, timeout_seconds=5) for _ in range(2)]
    files = [str(tmp_path / "a"), str(tmp_path / "b")]
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda e=e, order=order: outcomes.append(invoke(e, order)))
        for e, order in zip(environments, (files, files[::-1]), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.is_error for outcome in outcomes] == [False, False]


def test_six_megabytes_go_in_and_out(make_environment: MakeEnvironment) -> None:
    environment = make_environment("def handle(event, context): return event")
    text = "ü" * (3 * 1024 * 1024 - 100)
    outcome = environment.invoke(Invocation("id", json.dumps(text, ensure_ascii=False).encode(), ARN, ""))
    assert answer(outcome) == text


def test_an_answer_over_six_megabytes_is_refused_as_aws_does(make_environment: MakeEnvironment) -> None:
    environment = make_environment("def handle(event, context): return 'x' * event")
    failed = error(invoke(environment, 6 * 1024 * 1024 + 200))
    assert failed["errorType"] == "Function.ResponseSizeTooLarge"
    assert answer(invoke(environment, 1)) == "x"


def test_the_environment_has_nothing_of_the_hosts(
    make_environment: MakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    environment = make_environment(
        """
        import os, tempfile
        def handle(event, context):
            with tempfile.NamedTemporaryFile(delete=False) as file: pass
            home = os.path.expanduser("~")
            return {"variables": dict(os.environ), "file": file.name, "here": os.getcwd(), "home": home}
        """,
        GREETING="grüß",
        AWS_REGION="us-east-1",
    )
    found = answer(invoke(environment))
    variables = found["variables"]
    assert set(variables) - {"LC_CTYPE", "_X_AMZN_TRACE_ID"} == {
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "GREETING",
        "HOME",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "PYTHONPATH",
        "TMPDIR",
        "TZ",
    }
    assert variables["GREETING"] == "grüß"
    assert variables["TZ"] == "UTC"
    assert found["file"].startswith(variables["TMPDIR"])
    assert found["here"] == variables["LAMBDA_TASK_ROOT"]
    assert not Path(found["home"]).exists()


def test_a_dependency_that_the_zip_lacks_is_missing(make_environment: MakeEnvironment) -> None:
    # Both are in the virtual environment that the runner itself runs from.
    environment = make_environment(
        """
        import importlib.util
        def handle(event, context):
            return [name for name in ("boto3", "duckdb", "pip", "awslambdaric") if importlib.util.find_spec(name)]
        """
    )
    assert answer(invoke(environment)) == ["awslambdaric"]


def test_two_environments_share_no_temporary_folder(make_environment: MakeEnvironment) -> None:
    source = """
        import os, tempfile
        def handle(event, context): return tempfile.gettempdir()
        """
    folders = [answer(invoke(make_environment(source))) for _ in range(2)]
    assert folders[0] != folders[1]


def test_an_import_error_is_reported_at_the_first_invocation(make_environment: MakeEnvironment) -> None:
    outcome = invoke(make_environment("import nothing_like_this"))
    assert error(outcome)["errorType"] == "Runtime.ImportModuleError"
    assert "nothing_like_this" in error(outcome)["errorMessage"]
    assert "INIT_REPORT Init Duration: " in outcome.log
    assert outcome.log.splitlines()[-1].endswith("Status: error\tError Type: Runtime.ImportModuleError")


def test_a_crash_is_an_exit_error_and_the_next_invocation_starts_anew(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import os
        def handle(event, context):
            if event is not None: os._exit(event)
            return os.getpid()
        """
    )
    before = answer(invoke(environment))
    outcome = invoke(environment, 3, "id-9")
    assert error(outcome) == {
        "errorMessage": "RequestId: id-9 Error: Runtime exited with error: exit status 3",
        "errorType": "Runtime.ExitError",
    }
    assert "Status: error\tError Type: Runtime.ExitError" in outcome.log
    assert answer(invoke(environment)) != before


def test_a_process_killed_by_a_signal_says_which(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import os, signal
        def handle(event, context): os.kill(os.getpid(), signal.SIGSEGV)
        """
    )
    assert error(invoke(environment))["errorMessage"].endswith("signal: segmentation fault")


def test_a_timeout_kills_the_whole_family_and_is_reported_as_aws_does(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import os, subprocess, time
        def handle(event, context):
            if event is None: return "fine"
            child = subprocess.Popen(["sleep", "1000"])
            stray = subprocess.Popen(["sleep", "1000"], start_new_session=True)
            print("pids", os.getpid(), child.pid, stray.pid)
            time.sleep(1000)
        """,
        timeout_seconds=1,
    )
    begun = time.monotonic()
    outcome = invoke(environment, "hang", "id-5")
    assert 1.0 <= time.monotonic() - begun < 2.0
    assert error(outcome) == {
        "errorMessage": "RequestId: id-5 Error: Task timed out after 1.00 seconds",
        "errorType": "Sandbox.Timedout",
    }
    assert "id-5 Task timed out after 1.00 seconds" in outcome.log
    assert outcome.log.splitlines()[-1].endswith("\tStatus: timeout")
    pids = next(line for line in outcome.log.splitlines() if line.startswith("pids")).split()[1:]
    assert eventually(lambda: all(gone(int(pid)) for pid in pids), within_seconds=5)
    assert answer(invoke(environment)) == "fine"


def test_init_over_its_limit_is_done_again_within_the_invocation(
    make_environment: MakeEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.runner.environment.INIT_SECONDS", 0.3)
    environment = make_environment("import time; time.sleep(1)\ndef handle(event, context): return 'late'")
    outcome = invoke(environment)
    assert answer(outcome) == "late"
    assert "Phase: init\tStatus: timeout" in outcome.log


def test_memory_over_the_setting_ends_the_function(make_environment: MakeEnvironment) -> None:
    environment = make_environment(
        """
        import time
        def handle(event, context):
            hoard = bytearray(event * 1024 * 1024)
            for i in range(0, len(hoard), 4096): hoard[i] = 1
            time.sleep(event and 5)
            return "fine"
        """,
        memory_mb=128,
    )
    assert answer(invoke(environment, 0)) == "fine"
    outcome = invoke(environment, 200)
    assert error(outcome)["errorType"] == "Runtime.OutOfMemory"
    assert answer(invoke(environment, 0)) == "fine"


def test_stopping_leaves_no_process_and_no_folder(make_environment: MakeEnvironment, tmp_path: Path) -> None:
    environment = make_environment("def handle(event, context): return 1")
    invoke(environment)
    pid = environment.pid
    assert pid is not None
    environment.stop()
    assert gone(pid)
    assert list((tmp_path / "sandboxes").iterdir()) == []


def test_stopping_ends_an_invocation_that_runs(make_environment: MakeEnvironment) -> None:
    environment = make_environment("import time\ndef handle(event, context): time.sleep(1000)", timeout_seconds=60)
    threading.Timer(0.5, environment.stop).start()
    assert error(invoke(environment))["errorType"] == "Runtime.ExitError"


def test_a_busy_function_dies_with_the_runner(interpreter: Path, tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.fail("not for this platform: only Linux tells a child that its parent died")
    (tmp_path / "handler.py").write_text("import time\ndef handle(event, context):\n    while True: time.sleep(0.1)\n")
    program = f"""
import threading
from pathlib import Path
from localcloud.runner import *
here = Path({str(tmp_path)!r})
environment = Environment(Function(here, "handler.handle", "1", 128, 60, {{}}), Path({str(interpreter)!r}), here / "s")
environment.start()
threading.Thread(target=environment.invoke, args=(Invocation("i", b"1", "a", ""),), daemon=True).start()
print(environment.pid, flush=True)
threading.Event().wait()
"""
    runner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    pid = int(runner.stdout.readline())
    assert not gone(pid)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    runner.stdout.close()
    assert eventually(lambda: gone(pid), within_seconds=5)


def test_a_function_is_one_of_its_code_only(interpreter: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Environment(Function(tmp_path / "nowhere", "h.h", "1", 128, 3, {}), interpreter, tmp_path / "s").start()
