# flowtun: the command people type.
