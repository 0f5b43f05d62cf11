"""`make acceptance`: Kasugai held to a real Keystone, Placement and Nova, which are started here and ended again."""
