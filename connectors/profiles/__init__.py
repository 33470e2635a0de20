"""Further department systems as data:

a profile says where each field of the contract stands in the system's JSON.
"""
