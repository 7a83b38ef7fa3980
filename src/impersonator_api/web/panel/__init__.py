"""What seed 001's admin panel reads and ends beside handing out tokens; its server comes with a service's token."""
