"""The doors: they speak HTTP and decide nothing."""
