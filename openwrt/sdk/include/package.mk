# The target `stage` lays out $(PACKAGE) in $(OUT).

PKG_INSTALL_DIR := $(PROGRAMS)

comma := ,
empty :=
blank := $(empty) $(empty)
# Words as a list of opkg's: "a, b".
list = $(subst $(blank),$(comma) ,$(strip $(1)))

# A line with a field, if that has a value.
define field
$(if $(strip $(2)),$(1): $(strip $(2))
)
endef

# Of the dependencies "+a" is a package; "@(…)" is a condition on the build.
packages = $(patsubst +%,%,$(filter +%,$(1)))

# The fields in OpenWrt's order. The description comes behind them; who packs knows the size.
define control
Package: $(PACKAGE)
Version: $(PKG_VERSION)-r$(PKG_RELEASE)
$(call field,Depends,$(call list,$(call packages,$(DEPENDS))))$(call \
  field,Conflicts,$(call list,$(CONFLICTS)))$(call \
  field,Provides,$(call list,$(PROVIDES)))$(call \
  field,License,$(PKG_LICENSE))$(call \
  field,Section,$(SECTION))$(call \
  field,Require-User,$(USERID))$(call \
  field,SourceDateEpoch,$(EPOCH))$(call \
  field,URL,$(URL))$(call \
  field,Maintainer,$(PKG_MAINTAINER))Architecture: $(ARCH)
Installed-Size: 0
endef

# Writes the part $(1) of the package, if it has one, into the file $(2).
part = $(if $(value Package/$(PACKAGE)/$(1)),$(file >$(OUT)/control/$(2),$(Package/$(PACKAGE)/$(1))))

define BuildPackage
  ifeq ($(1),$(PACKAGE))
    $(Package/$(1))
    stage:
	$$(file >$(OUT)/control/control,$$(control))
	$$(call part,description,description)
	$$(call part,conffiles,conffiles)
	$$(call part,postinst,postinst-pkg)
	$$(call part,prerm,prerm-pkg)
	$$(call Package/$(1)/install,$(OUT)/data)
  endif
endef
