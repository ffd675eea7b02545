# These files stand in for OpenWrt's build system: as much of it as it takes to lay out a package by
# its own Makefile. openwrt/pack.sh calls it with
#   PACKAGE    which package
#   ARCH       its architecture as OpenWrt names it
#   PROGRAMS   a folder with `bin/goipd` in it
#   EPOCH      the time of the sources, in seconds since 1970
#   OUT        a folder with `data` and `control` in it, both empty

INCLUDE_DIR := $(TOPDIR)/include

INSTALL_DIR := install -d -m 0755
INSTALL_BIN := install -m 0755
INSTALL_DATA := install -m 0644
INSTALL_CONF := install -m 0600
CP := cp -fpR
LN := ln -sf
