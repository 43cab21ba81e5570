"""`mam2 matte`: prompts and plates in, mattes out; `command` is the verb, `run` carries it out."""
