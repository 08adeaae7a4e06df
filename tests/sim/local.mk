# Whole endpoints on virtual time.
