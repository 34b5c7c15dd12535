// Counts what the process allocates, for the test that a training step allocates nothing of ours.
#pragma once

/// Allocations by the calling thread since it started, outside calls into oneDNN; -1 where they cannot be counted.
long allocation_count(void);
