// Counts what the process allocates, for the test that a training step allocates nothing of ours.
#pragma once

/// Allocations since the process started, by any thread, outside calls into oneDNN.
long allocation_count(void);
