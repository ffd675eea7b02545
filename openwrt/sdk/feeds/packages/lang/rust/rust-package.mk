# The program is there already.

RUST_ARCH_DEPENDS :=
RustBinPackage :=
