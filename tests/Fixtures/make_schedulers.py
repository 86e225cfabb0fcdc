"""Writes tests/Fixtures/diffusion/schedulers.json: what diffusers' schedulers make of scheduler_config.json files, step by step.

    python3 tests/Fixtures/make_schedulers.py        (needs torch and diffusers)

First come all options of each scheduler with their defaults. Each case is a configuration, the timesteps at which the model is evaluated, what it is given there, and the end. The stand-in
for the model and the noise are formulas, which the test knows, too.

Left out, because diffusers differs from itself there: DDIM and PNDM step T // n timesteps down, whatever the spacing is, so
linspace, and trailing where n does not divide T, are not where the model is evaluated next; fixed_large adds noise at the
end where the last timestep is not 0, and fixed_large_log is the root of a negative number; Karras' timesteps are cut and not
rounded with a cosine.
"""
import inspect
import json
import math
import pathlib

import diffusers
import torch

OUT = pathlib.Path(__file__).parent / "diffusion" / "schedulers.json"
SHAPE = (2, 1, 1, 2)
SD = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
COSINE = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}
V = {"prediction_type": "v_prediction"}
X0 = {"prediction_type": "sample"}
SHORT = {"num_train_timesteps": 8, "beta_start": 0.01, "beta_end": 0.3}
TRAINED = {"num_train_timesteps": 8, "trained_betas": [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4]}


def model(x, t):
    return 0.5 * torch.sin(x) + 0.2 * x + 0.3 * t / 1000 * torch.cos(3 * x)


def noise(k):
    return torch.tensor([math.sin(1.7 * (k + 1) * (j + 1)) * 1.4 for j in range(4)], dtype=torch.float64).reshape(SHAPE)


def cases():
    ddim = {"_class_name": "DDIMScheduler", "clip_sample": False, **SD}
    yield 8, {**ddim, "steps_offset": 1, "set_alpha_to_one": False}
    yield 8, {**ddim, "steps_offset": 3}
    yield 8, {**ddim, **V}
    yield 8, {**ddim, **X0}
    yield 8, {"_class_name": "DDIMScheduler", **SD}  # clips where it is not told not to
    yield 8, {**ddim, "clip_sample": True, "clip_sample_range": 0.5}
    yield 8, {**ddim, "thresholding": True}
    yield 8, {**ddim, "thresholding": True, "dynamic_thresholding_ratio": 0.6, "sample_max_value": 2.0}
    yield 10, {**ddim, "timestep_spacing": "trailing"}
    yield 10, {**ddim, **V, "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
    yield 8, {"_class_name": "DDIMScheduler", "clip_sample": False, "timestep_spacing": "linspace", **SHORT}
    yield 4, {"_class_name": "DDIMScheduler", "clip_sample": False, **TRAINED}

    ddpm = {"_class_name": "DDPMScheduler", "clip_sample": False, **SD}
    for variance in ["fixed_small", "fixed_small_log", "fixed_large"]:
        yield 8, {**ddpm, "variance_type": variance}
    yield 8, {**ddpm, "steps_offset": 1}
    yield 8, {**ddpm, **V, "timestep_spacing": "linspace"}
    yield 7, {**ddpm, **X0, "timestep_spacing": "trailing"}
    yield 8, {"_class_name": "DDPMScheduler"}
    yield 8, {**ddpm, "clip_sample": True, "clip_sample_range": 2.0}
    yield 8, {**ddpm, "thresholding": True, "dynamic_thresholding_ratio": 0.7, "sample_max_value": 1.5}
    yield 8, {**ddpm, "beta_schedule": "sigmoid"}
    yield 8, {**ddpm, **COSINE}
    yield 8, {**ddpm, **V, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}

    pndm = {"_class_name": "PNDMScheduler", "skip_prk_steps": True, **SD}
    yield 8, {**pndm, "steps_offset": 1}
    yield 8, {**pndm, "set_alpha_to_one": True}
    yield 8, {**pndm, **COSINE}
    yield 10, {**pndm, "timestep_spacing": "trailing"}
    yield 1, {**pndm, "steps_offset": 1}
    yield 2, {**pndm, "steps_offset": 1}
    # Takes Runge-Kutta steps where it is not told not to. Where T // n is odd, diffusers evaluates one timestep below the one
    # that it steps to; here it is even.
    yield 10, {"_class_name": "PNDMScheduler", "steps_offset": 1, **SD}
    yield 10, {"_class_name": "PNDMScheduler", "skip_prk_steps": False, **COSINE}
    yield 4, {"_class_name": "PNDMScheduler", "skip_prk_steps": False, **SD}

    euler = {"_class_name": "EulerDiscreteScheduler", **SD}
    for spacing in ["linspace", "leading", "trailing"]:
        yield 8, {**euler, "timestep_spacing": spacing, "steps_offset": 1}
    yield 8, {**euler, "use_karras_sigmas": True}
    yield 8, {**euler, **V, "use_karras_sigmas": True, "timestep_spacing": "leading", "steps_offset": 1}
    yield 8, {**euler, **X0}
    yield 8, {**euler, "final_sigmas_type": "sigma_min"}
    yield 8, {**euler, "final_sigmas_type": "sigma_min", "timestep_spacing": "trailing"}
    yield 8, {**euler, **V, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    yield 8, {**euler, **COSINE}
    yield 3, {"_class_name": "EulerDiscreteScheduler", **TRAINED}

    ancestral = {"_class_name": "EulerAncestralDiscreteScheduler", **SD}
    yield 8, ancestral
    yield 8, {**ancestral, **V, "timestep_spacing": "leading", "steps_offset": 1}
    yield 8, {**ancestral, "timestep_spacing": "trailing"}

    heun = {"_class_name": "HeunDiscreteScheduler", "beta_schedule": "scaled_linear"}  # with its own beta_start and beta_end
    yield 5, heun
    yield 5, {**heun, "use_karras_sigmas": True}
    yield 5, {**heun, **V, "timestep_spacing": "leading", "steps_offset": 1}
    yield 5, {**heun, **X0, "timestep_spacing": "trailing"}
    yield 5, {**heun, "clip_sample": True, "clip_sample_range": 1.5}

    dpm = {"_class_name": "DPMSolverMultistepScheduler", **SD}
    ends = {"final_sigmas_type": "sigma_min"}
    for order in [1, 2, 3]:
        for solver in ["midpoint", "heun"]:
            kind = {**dpm, "solver_order": order, "solver_type": solver}
            yield 6, kind
            yield 6, {**kind, "algorithm_type": "dpmsolver", **ends}
            if order < 3:
                yield 6, {**kind, "algorithm_type": "sde-dpmsolver++"}
        yield 16, {**dpm, "solver_order": order}
        yield 16, {**dpm, "solver_order": order, **ends}
        yield 16, {**dpm, "solver_order": order, **ends, "euler_at_final": True}
        yield 6, {**dpm, "solver_order": order, **ends, "lower_order_final": False}
    yield 6, {**dpm, "solver_type": "bh2"}
    yield 6, {**dpm, "use_karras_sigmas": True}
    yield 6, {**dpm, "timestep_spacing": "leading", "steps_offset": 1}
    yield 6, {**dpm, "timestep_spacing": "trailing", **V}
    yield 6, {**dpm, **X0}
    yield 6, {**dpm, **X0, "algorithm_type": "dpmsolver", **ends}
    yield 6, {**dpm, **V, "algorithm_type": "dpmsolver", **ends}
    yield 6, {**dpm, "thresholding": True, "dynamic_thresholding_ratio": 0.7, "sample_max_value": 1.5}
    yield 6, {**dpm, "thresholding": True, "sample_max_value": 3.0, "algorithm_type": "dpmsolver", **ends}
    yield 6, {**dpm, **COSINE}
    yield 6, {**dpm, **V, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    yield 3, {"_class_name": "DPMSolverMultistepScheduler", **TRAINED}
    yield 7, {**dpm, **V, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}
    yield 6, {**dpm, "variance_type": None, "lambda_min_clipped": -math.inf, "flow_shift": 1.0}


def walk(steps, config):
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    scheduler.set_timesteps(steps)
    drawn = 0

    def randn(*args, **kwargs):
        nonlocal drawn
        drawn += 1
        return noise(drawn - 1).to(torch.float32)

    for module in [diffusers.schedulers.scheduling_ddpm, diffusers.schedulers.scheduling_dpmsolver_multistep,
                   diffusers.schedulers.scheduling_euler_ancestral_discrete]:
        module.randn_tensor = randn
    x = noise(99) * float(scheduler.init_noise_sigma)
    timesteps, inputs = [], []
    for t in scheduler.timesteps:
        given = scheduler.scale_model_input(x, t)
        timesteps.append(float(t))
        inputs.append(given.flatten().tolist())
        x = scheduler.step(model(given, float(t)), t, x).prev_sample.to(torch.float64)
    return {"steps": steps, "config": json.dumps(config), "init_noise_sigma": float(scheduler.init_noise_sigma), "timesteps": timesteps,
            "inputs": rounded(inputs), "end": rounded([x.flatten().tolist()])[0]}


def rounded(rows):
    return [[float(f"{value:.7g}") for value in row] for row in rows]


def defaults(name):
    parameters = inspect.signature(getattr(diffusers, name).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


rows = []
for steps, config in cases():
    row = walk(steps, config)
    assert all(math.isfinite(value) for values in row["inputs"] + [row["end"]] for value in values), config
    rows.append(row)
classes = {name: json.dumps(defaults(name)) for name in sorted({config["_class_name"] for _, config in cases()})}
OUT.write_text('{"defaults": ' + json.dumps(classes, indent=0) + ',\n"cases": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
print(len(rows), "cases")
