#!/usr/bin/env python3
"""Lets samplers of other projects search the problems of `bench-search`.

  peers.py install FOLDER   makes FOLDER/venv with what can be installed and writes FOLDER/installed.json
  peers.py list             says which peers can be loaded by this Python, and why the others cannot
  peers.py serve            answers one JSON object per line: runs studies and timings

The C++ program evaluates: this script asks for values and is told them, so both sides search the same functions.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # one thread per study, as ours

import contextlib
import importlib.metadata
import json
import pathlib
import random
import subprocess
import sys
import time
import warnings

# --no-deps where a package would pull its own PyTorch: Debian's 1.13 serves.
PACKAGES = {
    "numbers": ["scipy<1.14", "numpy==1.24.2"],
    "optuna": ["optuna==5.0.0", "cmaes"],
    "rustuna": ["rustuna"],
    "moocore": ["moocore"],
    "botorch": ["--no-deps", "botorch==0.10.0", "gpytorch==1.11", "linear_operator==0.5.1", "jaxtyping==0.2.19",
                "typeguard<3", "multipledispatch", "opt_einsum", "pyro-ppl==1.8.4", "pyro-api", "scikit-learn", "joblib",
                "threadpoolctl"],
}
MAX_REFUSED = 1000  # configurations of one study that are not in the space
MAX_REFUSED_IN_A_ROW = 10  # then one is drawn at random


def install(folder):
    """A virtual environment that sees Debian's PyTorch, with every set of packages that can be had."""
    python = folder / "venv/bin/python"
    if not python.exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--system-site-packages", folder / "venv"], check=True,
                       stdout=sys.stderr)
    for name, packages in PACKAGES.items():
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], stdout=sys.stderr, check=False)
        if done.returncode != 0:
            print(f"peers.py: {name} could not be installed", file=sys.stderr)
    found = subprocess.run([python, __file__, "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    (folder / "installed.json").write_text(found)


# ---- spaces, as space::to_json writes them -------------------------------------------------------------------------

COMPARE = {
    "in": lambda value, wanted: value in wanted,
    "<": lambda value, wanted: value < wanted[0],
    "<=": lambda value, wanted: value <= wanted[0],
    ">": lambda value, wanted: value > wanted[0],
    ">=": lambda value, wanted: value >= wanted[0],
}


def suggest_all(trial, parameters):
    """A configuration, by asking for every parameter that is active; parents come before their children."""
    values = {}
    waiting = list(parameters)
    decided = set()
    while waiting:
        for parameter in list(waiting):
            conditions = parameter.get("when", [])
            if any(condition["parent"] not in decided for condition in conditions):
                continue
            waiting.remove(parameter)
            decided.add(parameter["name"])
            if all(condition["parent"] in values and
                   COMPARE[condition["is"]](values[condition["parent"]], condition["values"])
                   for condition in conditions):
                values[parameter["name"]] = suggest(trial, parameter)
    return values


def suggest(trial, parameter):
    name, kind = parameter["name"], parameter["kind"]
    if kind == "constant":
        return parameter["value"]
    if kind in ("categorical", "ordinal"):
        return trial.suggest_categorical(name, parameter["choices"])
    function = trial.suggest_float if kind == "float" else trial.suggest_int
    options = {"step": parameter["step"]} if "step" in parameter else {}
    if parameter["log"]:
        options["log"] = True
    return function(name, parameter["low"], parameter["high"], **options)


# ---- Optuna and Rustuna --------------------------------------------------------------------------------------------


def constraints_of(trial):
    return trial.user_attrs["constraints"]


def make_optuna_sampler(name, job):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = job["seed"]
    limits = {"constraints_func": constraints_of} if job["num_constraints"] else {}
    if name == "optuna_tpe":
        return optuna.samplers.TPESampler(seed=seed, **limits)
    if name == "optuna_tpe_univariate":
        return optuna.samplers.TPESampler(seed=seed, multivariate=False, **limits)
    if name == "optuna_nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed, **limits)
    if name == "optuna_cmaes":
        return optuna.samplers.CmaEsSampler(seed=seed)
    if name == "optuna_random":
        return optuna.samplers.RandomSampler(seed=seed)
    let_optuna_gp_run()
    return optuna.samplers.GPSampler(seed=seed, **limits)


def let_optuna_gp_run():
    """Optuna's GP enters `with torch.device("cpu")`, which PyTorch 1.13 does not know: everything is on the CPU anyway."""
    import torch
    from optuna.samplers._gp import sampler

    class Torch:
        def __getattr__(self, attribute):
            return getattr(torch, attribute)

        @staticmethod
        def device(*_):
            return contextlib.nullcontext()

    if not hasattr(torch.device("cpu"), "__enter__"):
        sampler.torch = Torch()


def ask_and_tell(study, failed, tell_constraints, job, evaluate):
    """Runs a study; gives the seconds of asking and telling.

    A refused configuration is told with the worst values so far, and not counted: told as failed, it is forgotten, and
    Optuna's GP asks for it again without end. Where it does so even then, a random one takes the place.
    """
    seconds = 0.0
    count = num_refused = num_in_a_row = 0
    worst = []
    while count < job["evaluations"]:
        begin = time.perf_counter()
        is_stuck = num_in_a_row == MAX_REFUSED_IN_A_ROW
        with drawing_at_random(study, job["seed"] + num_refused) if is_stuck else contextlib.nullcontext():
            trial = study.ask()
            configuration = suggest_all(trial, job["space"]["parameters"])
        seconds += time.perf_counter() - begin
        values = evaluate(configuration)
        begin = time.perf_counter()
        if values is None:
            num_refused += 1
            num_in_a_row = num_in_a_row % MAX_REFUSED_IN_A_ROW + 1
            if num_refused > MAX_REFUSED:
                raise RuntimeError("asks for forbidden configurations only")
            if worst:
                study.tell(trial.number, worst)
            else:
                study.tell(trial.number, state=failed)
        else:
            if job["num_constraints"]:
                tell_constraints(trial, values[job["num_objectives"]:])
            objectives = values[:job["num_objectives"]]
            study.tell(trial.number, objectives)
            worst = [max(pair) for pair in zip(worst, objectives)] if worst else objectives
            count += 1
            num_in_a_row = 0
        seconds += time.perf_counter() - begin
    return seconds


@contextlib.contextmanager
def drawing_at_random(study, seed):
    """Of Optuna's studies; Rustuna's TPE does not get stuck."""
    import optuna
    own = study.sampler
    study.sampler = optuna.samplers.RandomSampler(seed=seed)
    yield
    study.sampler = own


def optuna_study(name, job, evaluate):
    import optuna
    study = optuna.create_study(directions=["minimize"] * job["num_objectives"], sampler=make_optuna_sampler(name, job))
    return ask_and_tell(study, optuna.trial.TrialState.FAIL,
                        lambda trial, values: trial.set_user_attr("constraints", values), job, evaluate)


def rustuna_study(_, job, evaluate):
    import rustuna
    study = rustuna.create_study(directions=["minimize"] * job["num_objectives"],
                                 sampler=rustuna.samplers.TPESampler(seed=job["seed"]))
    return ask_and_tell(study, rustuna.trial.TrialState.FAIL, lambda trial, values: trial.set_constraints(
        {str(i): value for i, value in enumerate(values)}), job, evaluate)


# ---- BoTorch, on boxes ---------------------------------------------------------------------------------------------


class BotorchSearch:
    """As in BoTorch's tutorials: a scrambled Sobol start, then one point at a time from the log acquisitions."""

    NUM_RESTARTS = 10
    RAW_SAMPLES = 256

    def __init__(self, job):
        import torch
        self.torch = torch
        torch.set_num_threads(1)
        torch.manual_seed(job["seed"])
        self.job = job
        self.parameters = job["space"]["parameters"]
        self.bounds = torch.tensor([[p["low"] for p in self.parameters], [p["high"] for p in self.parameters]],
                                   dtype=torch.double)
        self.points = torch.empty((0, len(self.parameters)), dtype=torch.double)
        self.values = torch.empty((0, job["num_objectives"] + job["num_constraints"]), dtype=torch.double)
        num_start = 2 * (len(self.parameters) + 1)
        self.start = torch.quasirandom.SobolEngine(len(self.parameters), scramble=True,
                                                   seed=job["seed"]).draw(num_start).double()

    def ask(self):
        index = len(self.points)
        unit = self.start[index] if index < len(self.start) else self.optimize()
        self.unit = unit
        return self.bounds[0] + unit * (self.bounds[1] - self.bounds[0])

    def tell(self, values):
        self.points = self.torch.cat([self.points, self.unit.unsqueeze(0)])
        self.values = self.torch.cat([self.values, self.torch.tensor([values], dtype=self.torch.double)])

    def model(self):
        """One GP per output; objectives are negated, because BoTorch maximises; constraints are not."""
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import ModelListGP, SingleTaskGP
        from botorch.models.transforms.outcome import Standardize
        from gpytorch.mlls import SumMarginalLogLikelihood
        models = []
        for i in range(self.values.shape[1]):
            sign = -1.0 if i < self.job["num_objectives"] else 1.0
            noise = None
            if i < len(self.job["noise_deviations"]):
                noise = self.torch.full((len(self.points), 1), self.job["noise_deviations"][i] ** 2,
                                        dtype=self.torch.double)
            models.append(SingleTaskGP(self.points, sign * self.values[:, i:i + 1], noise,
                                       outcome_transform=Standardize(m=1)))
        model = ModelListGP(*models)
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        return model

    def acquisition(self):
        from botorch.acquisition.analytic import LogConstrainedExpectedImprovement, LogExpectedImprovement
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
        from botorch.sampling.normal import SobolQMCNormalSampler
        model, num_objectives = self.model(), self.job["num_objectives"]
        outputs = range(num_objectives, self.values.shape[1])
        feasible = (self.values[:, num_objectives:] <= 0).all(dim=1)
        if num_objectives == 1:
            best = -self.values[feasible, 0].min() if feasible.any() else -self.values[:, 0].max()
            if not len(outputs):
                return LogExpectedImprovement(model.models[0], best_f=best)
            return LogConstrainedExpectedImprovement(model, best_f=best, objective_index=0,
                                                     constraints={i: (None, 0.0) for i in outputs})
        return qLogNoisyExpectedHypervolumeImprovement(
            model=model, ref_point=[-value for value in self.job["reference"]], X_baseline=self.points,
            prune_baseline=True, sampler=SobolQMCNormalSampler(self.torch.Size([128]), seed=self.job["seed"]),
            objective=IdentityMCMultiOutputObjective(outcomes=list(range(num_objectives))),
            constraints=[lambda samples, i=i: samples[..., i] for i in outputs] or None)

    def optimize(self):
        from botorch.optim import optimize_acqf
        unit = self.torch.stack([self.torch.zeros(len(self.parameters)), self.torch.ones(len(self.parameters))]).double()
        point, _ = optimize_acqf(self.acquisition(), bounds=unit, q=1, num_restarts=self.NUM_RESTARTS,
                                 raw_samples=self.RAW_SAMPLES, options={"batch_limit": 5, "maxiter": 200})
        return point.detach()[0]


def botorch_study(_, job, evaluate):
    search = BotorchSearch(job)
    seconds = 0.0
    for _ in range(job["evaluations"]):
        begin = time.perf_counter()
        point = search.ask().tolist()
        seconds += time.perf_counter() - begin
        bounds = search.bounds.T.tolist()
        search.tell(evaluate({parameter["name"]: min(max(value, low), high) for parameter, value, (low, high)
                              in zip(search.parameters, point, bounds)}))
    return seconds


# ---- timings -------------------------------------------------------------------------------------------------------


# CPU time, as the C++ side: both run on one pinned core, and others may use it too.


def bowls(point, num_objectives):
    """Squared distances from one place per objective, as in search/speed.cpp."""
    return [sum((x - (k + 1) / (num_objectives + 1)) ** 2 for x in point) for k in range(num_objectives)]


def time_suggestions(job):
    """Milliseconds of single suggestions of an Optuna sampler after so many trials of a random study."""
    import optuna
    sampler = make_optuna_sampler(job["peer"], {"seed": 1, "num_constraints": 0})
    study = optuna.create_study(directions=["minimize"] * job["num_objectives"], sampler=sampler)
    numbers = random.Random(1)
    names = [f"x{i}" for i in range(job["num_parameters"])]
    distributions = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names}
    trials = []
    for _ in range(job["num_trials"]):
        point = [numbers.random() for _ in names]
        trials.append(optuna.trial.create_trial(params=dict(zip(names, point)), distributions=distributions,
                                                values=bowls(point, job["num_objectives"])))
    study.add_trials(trials)
    times = []
    for _ in range(job["repeats"] + 1):
        begin = time.process_time()
        trial = study.ask()
        point = [trial.suggest_float(name, 0.0, 1.0) for name in names]
        times.append(1000.0 * (time.process_time() - begin))
        study.tell(trial.number, bowls(point, job["num_objectives"]))
    return {"ms": times[1:]}  # the first loads modules


def time_study(job):
    """Seconds of a whole study of Rustuna or Optuna with an objective that costs next to nothing."""
    names = [f"x{i}" for i in range(job["num_parameters"])]
    if job["peer"] == "rustuna_tpe":
        import rustuna
        study = rustuna.create_study(sampler=rustuna.samplers.TPESampler(seed=1))
    else:
        import optuna
        study = optuna.create_study(sampler=make_optuna_sampler(job["peer"], {"seed": 1, "num_constraints": 0}))
    begin = time.process_time()
    for _ in range(job["num_trials"]):
        trial = study.ask()
        study.tell(trial.number, bowls([trial.suggest_float(name, 0.0, 1.0) for name in names], 1))
    return {"seconds": time.process_time() - begin}


def time_hypervolume(job):
    """Seconds of one call of moocore's C library, the best of several runs, and its volume."""
    import moocore
    import numpy
    points, reference = numpy.array(job["points"]), numpy.array(job["reference"])
    value = moocore.hypervolume(points, ref=reference)
    times = []
    for _ in range(job["repeats"]):
        begin = time.process_time()
        for _ in range(job["calls"]):
            moocore.hypervolume(points, ref=reference)
        times.append((time.process_time() - begin) / job["calls"])
    return {"seconds": times, "value": float(value)}


# ---- serving -------------------------------------------------------------------------------------------------------

# name: (needed packages, study, conditions, constraints, many objectives, one objective)
STUDIES = {
    "optuna_tpe": (["optuna"], optuna_study, True, True, True, True),
    "optuna_tpe_univariate": (["optuna"], optuna_study, True, True, True, True),
    "optuna_cmaes": (["optuna", "cmaes"], optuna_study, True, False, False, True),
    "optuna_nsga2": (["optuna"], optuna_study, True, True, True, False),
    "rustuna_tpe": (["rustuna"], rustuna_study, True, True, True, True),
    "optuna_gp": (["optuna", "torch", "scipy"], optuna_study, True, True, True, True),
    "botorch": (["botorch", "gpytorch", "torch"], botorch_study, False, True, True, True),
}
TIMINGS = {"suggestions": time_suggestions, "study": time_study, "hypervolume": time_hypervolume}


def list_peers():
    """Which peers can be had here. Loads all of them, which takes seconds."""
    peers = []
    missing = {"optunahub_auto": "its code is fetched at run time, not installed"}
    for name, (modules, _, conditions, constraints, many, one) in STUDIES.items():
        try:
            for module in modules:
                __import__(module)
        except Exception as error:  # whatever keeps it from loading is the reason to report
            missing[name] = f"{type(error).__name__}: {error}"
            continue
        peers.append({"name": name, "version": importlib.metadata.version(modules[0]), "conditions": conditions,
                      "constraints": constraints, "many_objectives": many, "one_objective": one})
    return {"peers": peers, "missing": missing}


def serve():
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not for the C++ side
    def answer(message):
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    def evaluate(configuration):
        answer({"ask": configuration})
        return json.loads(sys.stdin.readline()).get("values")

    while line := sys.stdin.readline():
        job = json.loads(line)
        try:
            if "study" in job:
                answer({"done": STUDIES[job["study"]][1](job["study"], job, evaluate)})
            else:
                answer(TIMINGS[job["time"]](job))
        except Exception as error:  # one study that fails must not end the run
            answer({"error": f"{type(error).__name__}: {error}"})


def main():
    if sys.argv[1:2] == ["install"]:
        folder = pathlib.Path(sys.argv[2])
        try:
            install(folder)
            print(json.dumps({"done": 1}), flush=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(json.dumps({"error": str(error)}), flush=True)
    elif sys.argv[1:] == ["list"]:
        warnings.simplefilter("ignore")
        print(json.dumps(list_peers(), indent=1))
    elif sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
