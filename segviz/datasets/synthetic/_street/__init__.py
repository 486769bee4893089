"""The parts of a street scene, one module each; lengths are metres, x right, y up, z ahead."""
