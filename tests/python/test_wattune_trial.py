"""Drives the Python client through a socket pair, as the engine would."""

import contextlib
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "bindings" / "python"
sys.path.insert(0, str(CLIENT))
import wattune_trial  # noqa: E402

CONFIG = {
    "protocol": 1, "study": "s", "trial": 7, "seed": 5, "purpose": "search",
    "parameters": {"lr": 0.25},
    "resource": {"unit": "epochs", "from": 0, "to": 2, "max": 8},
    "checkpoint": {"dir": "/tmp/t", "resume_from": None},
    "slot": {"cores": [0], "gpus": []},
}


class ConnectedTrial(unittest.TestCase):
    def setUp(self):
        self.engine, program = socket.socketpair()
        self.engine.settimeout(5)
        self.lines = self.engine.makefile("r", encoding="utf-8")
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(CONFIG, file)
        self.addCleanup(os.unlink, file.name)
        self.trial = wattune_trial.connect({
            "WATTUNE_CHANNEL": str(program.detach()), "WATTUNE_PROTOCOL": "1",
            "WATTUNE_CONFIG": file.name,
        })
        self.addCleanup(self.close)

    def close(self):
        self.lines.close()
        self.engine.close()
        self.trial._answers.close()
        self.trial._stream.close()

    def heard(self):
        return json.loads(self.lines.readline())

    def answer(self, text):
        self.engine.sendall((text + "\n").encode())

    def test_knows_its_configuration(self):
        self.assertTrue(self.trial.is_connected)
        self.assertEqual(self.trial.parameters, {"lr": 0.25})
        self.assertEqual(self.trial.get("lr", 0.01), 0.25)
        self.assertEqual(self.trial.get("momentum", 0.9), 0.9)
        self.assertEqual((self.trial.number, self.trial.seed), (7, 5))
        self.assertEqual(self.trial.resource["max"], 8)
        self.assertIsNone(self.trial.resume_from)
        self.assertFalse(self.trial.is_probe)

    def test_sends_a_report_and_returns_the_answer(self):
        self.answer('{"decision": "continue", "until": 4}')
        self.assertEqual(self.trial.report(2, val_accuracy=0.5, samples=100), "continue")
        self.assertEqual(self.heard(), {
            "type": "report", "step": 2, "metrics": {"val_accuracy": 0.5}, "samples": 100})
        self.assertEqual(self.trial.until, 4)

        self.answer('{"decision": "pause"}')
        self.assertEqual(self.trial.report(3, {"loss": 1}), "pause")
        self.assertEqual(self.heard(), {"type": "report", "step": 3, "metrics": {"loss": 1.0}})

    def test_takes_whatever_float_takes_as_a_metric(self):
        class Tensor:
            def __float__(self):
                return 0.75

        self.answer('{"decision": "stop"}')
        self.assertEqual(self.trial.report(1, accuracy=Tensor()), "stop")
        self.assertEqual(self.heard()["metrics"], {"accuracy": 0.75})

    def test_sends_nan_as_the_protocol_allows(self):
        self.answer('{"decision": "continue", "until": 4}')
        self.trial.report(1, loss=float("nan"))
        self.assertIn("NaN", self.lines.readline())

    def test_wraps_a_phase_and_its_samples(self):
        with self.trial.phase("inference") as window:
            window.samples = 10
        self.assertEqual(self.heard(), {"type": "phase", "name": "inference", "event": "begin"})
        self.assertEqual(
            self.heard(), {"type": "phase", "name": "inference", "event": "end", "samples": 10})

    def test_ends_a_phase_that_an_error_leaves(self):
        with self.assertRaises(ValueError), self.trial.phase("train", samples=3):
            raise ValueError
        self.heard()
        self.assertEqual(self.heard()["event"], "end")

    def test_names_a_checkpoint_by_its_whole_path(self):
        self.trial.checkpoint(2, "state.pt")
        self.assertEqual(self.heard(), {
            "type": "checkpoint", "step": 2, "path": os.path.abspath("state.pt")})

    def test_tells_facts(self):
        self.trial.info(parameters=21840)
        self.assertEqual(self.heard(), {"type": "info", "values": {"parameters": 21840}})

    def test_exits_when_the_engine_has_gone(self):
        self.lines.close()
        self.engine.close()
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.trial.report(1, accuracy=0.5)


class TrialWithoutWattune(unittest.TestCase):
    def test_prints_reports_and_goes_on(self):
        trial = wattune_trial.connect({})
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            self.assertEqual(trial.report(3, val_accuracy=0.5), "continue")
        self.assertEqual(printed.getvalue(), "step 3: val_accuracy 0.5\n")
        self.assertFalse(trial.is_connected)
        self.assertEqual(trial.get("lr", 0.01), 0.01)
        with trial.phase("train"):
            trial.checkpoint(1, "x")
            trial.info(macs=1)

    def test_refuses_another_protocol(self):
        with self.assertRaisesRegex(RuntimeError, "protocol 1"):
            wattune_trial.connect({"WATTUNE_CHANNEL": "3", "WATTUNE_PROTOCOL": "2"})


class MemoryShare(unittest.TestCase):
    def test_grows_with_what_the_process_has_in_use(self):
        program = ("import sys; sys.path.insert(0, sys.argv[1]); import wattune_trial as w; a = w.memory_share();"
                   "keep = bytearray(200_000_000); print(a, w.memory_share())")
        run = subprocess.run([sys.executable, "-c", program, str(CLIENT)], check=True, capture_output=True, text=True)
        before, after = map(float, run.stdout.split())
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.assertGreater(before, 0.0)
        self.assertLess(after, 1.0)
        self.assertGreater(after - before, 0.9 * 200e6 / total)

    def test_is_that_of_the_gpu_where_torch_uses_one(self):
        class Cuda:
            is_available = is_initialized = staticmethod(lambda: True)
            max_memory_reserved = staticmethod(lambda device: 30)

            @staticmethod
            def get_device_properties(device):
                return type("Properties", (), {"total_memory": 40})

        before = sys.modules.get("torch")
        sys.modules["torch"] = type("Torch", (), {"cuda": Cuda})
        try:
            self.assertEqual(wattune_trial.memory_share(), 0.75)
        finally:
            del sys.modules["torch"]
            if before is not None:
                sys.modules["torch"] = before


class Examples(unittest.TestCase):
    """The examples run by themselves, before Wattune ever starts them."""

    ROOT = CLIENT.parents[1]

    def test_the_shell_script_prints_what_its_patterns_look_for(self):
        script = self.ROOT / "examples" / "shell" / "train.sh"
        run = subprocess.run([str(script), "0.1", "3"], check=True, capture_output=True, text=True)
        self.assertRegex(run.stdout.splitlines()[-1], r"^epoch 3 validation loss [0-9.]+$")


if __name__ == "__main__":
    unittest.main()
