"""From answers whose truth is known to a checkpoint's `calibration.json`."""
