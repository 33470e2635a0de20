"""The stand-in of the petition office: a system with a REST interface, in the words of that office."""
