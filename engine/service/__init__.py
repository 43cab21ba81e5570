"""One engine for every host on the machine: an HTTP service on loopback, and a worker process for each device."""
