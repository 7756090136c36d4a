"""Clean: every landing row gets exactly one verdict.

`arrivals` finds and stages new files, `known` says what was read before · `conform` types a row and says what
speaks against it · `verdicts` decides by key · `load` writes the clean tables · `ingest` is the step · `changes`
tells `days` what moved · `quarantine` lists refused rows and lets them in again ·
`trial` counts what would be refused.
"""
