# Unit tests (Check), one program a module.
