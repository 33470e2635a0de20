"""What stands around the hub: stand-in department systems, and the files to run it by."""
