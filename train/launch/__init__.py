"""Where a training runs: in this process, or in workers that Ray Train places and restarts.

`run` decides; `crew` shares out cores and GPUs, `group` starts the workers and starts them again,
`failures` finds whose death explains the others, `mailbox` carries news between workers and driver,
`stopping` is for Ctrl-C, `display` for the screen. The loop knows none of this, but a `Team` and a
`Monitor`.
"""
