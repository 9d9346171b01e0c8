"""Training data, training and evaluation.

Reading order: `dataset` (formulas to pictures); `config`, `presets`, `config_file` (settings);
`data`, `sampler`, `batches`, `feed` (what a step learns from); `loss`, `optimizer`, `exchange`,
`learner` (one step over a team of processes); `loop` with `validation`, `report`, `logbook`,
`run_folder`, `state`, `tensor_file`, `fine_tuning` (a run); `team`, `monitor` (what the loop knows
of its fellow processes and of who watches); `launch` (where it runs); `evaluation`.
"""
